"""How well leads of simulated companies can be ranked: at best, by simple models, and by a scorer.

Run: ``.venv/bin/python benchmarks/simulated_companies.py [--company test_drive] [--model FILE] [--out FILE.json]``.
It trains the simple models on the very snapshots that a scorer is trained on, measures all of them on one company of
another seed whose people use phrasings that no training company uses, and prints AUC with a 95 % interval and how
far each goes from 0.5 to the best possible AUC. With ``--model`` the scorer is measured too, and compared with
TF-IDF lead by lead. The best possible AUC is that of the exact posterior given all that was entered, in meanings
and not words.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpro_connectors.demo.company_sets import (
    TEST_LEADS,
    TEST_SEED,
    TRAINING_LEADS,
    TRAINING_SEEDS,
    company_of_test,
    learning_examples,
)
from hpro_connectors.demo.histories import template_of
from hpro_connectors.demo.simulator import SIMULATOR_VERSION
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import TrainingExample
from hpro_sdk.metrics import auc, bootstrap_estimates, paired_bootstrap_difference
from hpro_sdk.rendering import PromptRenderer, Template, fit_template

Scores = NDArray[np.float64]


class Words:
    """As many tokens as words: simple models read the text, and see as many interactions as a scorer does."""

    def encode(self, text: str) -> tuple[int, ...]:
        """Give one made-up token per four characters, about what a learnt vocabulary needs."""
        return tuple(range(max(1, round(len(text) / 4.3))))


class Prepared(NamedTuple):
    """Examples as the simple models take them."""

    texts: list[str]
    table: NDArray[np.float64]
    won: NDArray[np.bool_]


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--company", choices=sorted(COMPANIES), default="test_drive")
    parser.add_argument("--model", type=Path, help="A GGUF file or checkpoint folder to measure as well.")
    parser.add_argument("--companies", type=int, default=len(TRAINING_SEEDS), help="Companies to train on.")
    parser.add_argument("--test-seed", type=int, default=TEST_SEED)
    parser.add_argument("--test-leads", type=int, default=TEST_LEADS, help="Leads a year of the test company.")
    parser.add_argument("--max-tokens", type=int, default=352, help="Of a rendered prompt.")
    parser.add_argument("--out", type=Path, help="Write the figures here as JSON.")
    options = parser.parse_args()
    kind = COMPANIES[options.company]
    started = time.monotonic()
    learning = list(chain.from_iterable(learning_examples(kind, TRAINING_SEEDS[: options.companies])))
    company = company_of_test(kind, options.test_seed, options.test_leads)
    template = fit_template(
        template_of(company.simulation, options.max_tokens), [e.snapshot for e in learning if e.split == "train"]
    )
    parts = {
        "train": prepared([e for e in learning if e.split == "train"], template),
        "valid": prepared([e for e in learning if e.split == "valid"], template),
        "test": prepared(company.examples, template),
    }
    groups = [example.snapshot.lead_id for example in company.examples]
    scores: dict[str, Scores] = {"best possible": np.array(company.best)}
    scores["trees on fields"] = trees(parts["train"].table, parts["valid"].table, parts["test"].table, parts)
    scores |= text_models(parts)
    if options.model:
        scorer = load_scorer(options.model)
        scores["scorer"] = np.array(
            [s.rank_score for s in scorer.score_snapshots(e.snapshot for e in company.examples)]
        )
    won = parts["test"].won
    best = auc(scores["best possible"], won)
    figures: dict[str, Any] = {
        "company": kind.name,
        "simulator_version": SIMULATOR_VERSION,
        "training": {
            "companies": options.companies,
            "leads_a_year": TRAINING_LEADS,
            "snapshots": len(parts["train"].won),
        },
        "test": {
            "seed": options.test_seed,
            "leads_a_year": options.test_leads,
            "snapshots": len(won),
            "won_share": round(float(won.mean()), 4),
            "mean_best_probability": round(float(np.mean(company.best)), 4),
        },
        "models": {name: figure(values, won, groups, best) for name, values in scores.items()},
        "minutes": round((time.monotonic() - started) / 60, 1),
    }
    if options.model:
        figures["model_id"] = scorer.model_id
        figures["scorer_minus_tfidf"] = difference(scores["scorer"], scores["TF-IDF, logistic regression"], won, groups)
    print(
        f"{kind.title}, simulator version {SIMULATOR_VERSION}, {len(won):,} snapshots of test seed {options.test_seed}"
    )
    print(f"{'':32} {'AUC':>7} {'95 % interval':>18} {'of the way':>11}")
    for name, row in figures["models"].items():
        low, high = row["interval"]
        print(f"{name:32} {row['auc']:7.4f} {f'{low:.4f} to {high:.4f}':>18} {100 * row['way']:9.1f} %")
    if options.model:
        gap, low, high = figures["scorer_minus_tfidf"]
        print(f"scorer over TF-IDF, paired by lead: {gap:+.4f} ({low:+.4f} to {high:+.4f})")
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def prepared(examples: list[TrainingExample], template: Template) -> Prepared:
    """Render prompts, and put fields, stage and ages into a table of numbers."""
    renderer = PromptRenderer(template, Words())
    return Prepared(
        texts=[renderer.render(example.snapshot).text for example in examples],
        table=np.array([row(example, template) for example in examples]),
        won=np.array([example.outcome.won for example in examples]),
    )


def row(example: TrainingExample, template: Template) -> list[float]:
    """All that is known of a lead beside its interactions."""
    snapshot = example.snapshot
    days = [
        float("nan") if at is None else (snapshot.as_of - at).total_seconds() / 86_400
        for at in (snapshot.created_at, snapshot.stage_entered_at)
    ]
    values: list[float] = [float(hash_of(snapshot.stage or "")), *days]
    for field in template.fields:
        value = snapshot.fields.get(field.field)
        if value is None:
            values.append(float("nan"))
        elif field.kind is FieldKind.NUMBER:
            values.append(float(value))
        else:
            values.append(float(field.categories.index(str(value))) if str(value) in field.categories else -1.0)
    return values


def hash_of(stage: str) -> int:
    """Give a stage a number; trees take it as one of many."""
    return int.from_bytes(stage.encode()[:3], "big") % 997


def trees(train: Scores, valid: Scores, test: Scores, parts: dict[str, Prepared]) -> Scores:
    """Gradient-boosted trees, stopped early on the validation companies."""
    import lightgbm

    settings = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 100}
    model = lightgbm.train(
        {**settings, "verbose": -1, "seed": 0, "num_threads": 1},
        lightgbm.Dataset(train, parts["train"].won),
        num_boost_round=600,
        valid_sets=[lightgbm.Dataset(valid, parts["valid"].won)],
        callbacks=[lightgbm.early_stopping(40, verbose=False)],
    )
    return np.asarray(model.predict(test))


def text_models(parts: dict[str, Prepared]) -> dict[str, Scores]:
    """TF-IDF over words and pairs of words of all that is rendered: logistic regression, and trees with the fields."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    every_word = r"(?u)\b\w+\b"
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=5, sublinear_tf=True, token_pattern=every_word)
    train = vectorizer.fit_transform(parts["train"].texts)
    valid, test = (vectorizer.transform(parts[name].texts) for name in ("valid", "test"))
    fitted = [
        LogisticRegression(C=c, max_iter=400, solver="liblinear").fit(train, parts["train"].won) for c in (0.3, 1, 3)
    ]
    kept = max(fitted, key=lambda model: auc(model.decision_function(valid), parts["valid"].won))
    svd = TruncatedSVD(100, random_state=0).fit(train)
    both = [
        np.hstack([parts[name].table, svd.transform(matrix)])
        for name, matrix in (("train", train), ("valid", valid), ("test", test))
    ]
    return {
        "TF-IDF, logistic regression": np.asarray(kept.decision_function(test)),
        "trees on fields and TF-IDF": trees(both[0], both[1], both[2], parts),
    }


def figure(scores: Scores, won: NDArray[np.bool_], groups: list[str], best: float) -> dict[str, Any]:
    """AUC, interval over resampled leads, and the share of the way from 0.5 to the best possible."""
    ((point, low, high),) = bootstrap_estimates(lambda weights: [auc(scores, won, weights)], won, groups, resamples=500)
    return {
        "auc": round(point, 4),
        "interval": [round(low, 4), round(high, 4)],
        "way": round((point - 0.5) / (best - 0.5), 4),
    }


def difference(first: Scores, second: Scores, won: NDArray[np.bool_], groups: list[str]) -> list[float]:
    """Paired difference in AUC with its interval, leads resampled."""
    ids = [str(position) for position in range(len(won))]
    estimate = paired_bootstrap_difference(auc, first, second, won, ids, groups=groups)
    return [round(value, 4) for value in estimate]


if __name__ == "__main__":
    main()
