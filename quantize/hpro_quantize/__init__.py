"""Quantize: a trained checkpoint becomes one GGUF file, and its scores are compared with the checkpoint's."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
