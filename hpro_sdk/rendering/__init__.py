"""From a snapshot to a prompt: template (data), number words, age buckets, token budget."""

from hpro_sdk.rendering.fit import fit_template
from hpro_sdk.rendering.prompt import PromptRenderer, RenderedPrompt
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.rendering.tokenizer import Tokenizer

__all__ = ["FieldTemplate", "PromptRenderer", "RenderedPrompt", "Template", "Tokenizer", "fit_template"]
