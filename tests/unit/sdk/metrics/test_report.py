from __future__ import annotations

import json
import math
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from hpro_sdk.errors import ConfigError, DataError, NonFiniteScoreError
from hpro_sdk.metrics import EvaluationReport, evaluate_ranking, report_rows


def leads(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], list[str]]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(-1, 1.5, n).round(1)
    chances = 1 / (1 + np.exp(-scores))
    return scores, chances, rng.random(n) < chances, [f"lead-{row}" for row in rng.permutation(n)]


def test_report_holds_every_metric_with_its_interval() -> None:
    scores, chances, won, ids = leads(500)
    report = evaluate_ranking(scores, chances, won, ids, resamples=200)
    assert report.auc[0] == pytest.approx(roc_auc_score(won, scores))
    assert list(report.precision_at) == ["0.1%", "1%", "5%", "10%"]
    for point, low, high in (report.auc, report.average_precision, report.ndcg_at_10pct, *report.precision_at.values()):
        assert 0 <= low <= point <= high <= 1
    assert report.auc[2] - report.auc[1] == pytest.approx(0.1, abs=0.05)
    assert report.ece[0] < 0.08
    assert (report.n_leads, report.n_positives, report.n_groups) == (500, int(won.sum()), None)
    assert (report.resamples, report.seed, report.primary_metric, report.greater_is_better) == (200, 0, "auc", True)


def test_report_does_not_depend_on_the_order_of_the_leads() -> None:
    scores, chances, won, ids = leads(200)
    groups = [None if row % 5 == 0 else f"person-{row % 37}" for row in range(200)]
    mixed = np.random.default_rng(3).permutation(200)
    report = evaluate_ranking(scores, chances, won, ids, groups, resamples=20, seed=4)
    shuffled = evaluate_ranking(
        scores[mixed],
        chances[mixed],
        won[mixed],
        [ids[row] for row in mixed],
        [groups[row] for row in mixed],
        resamples=20,
        seed=4,
    )
    assert shuffled == report
    assert report.n_groups == len({group for group in groups if group}) + groups.count(None)


def test_seed_and_groups_change_the_intervals_only() -> None:
    scores, chances, won, ids = leads(200)
    one = evaluate_ranking(scores, chances, won, ids, resamples=20)
    other = evaluate_ranking(scores, chances, won, ids, resamples=20, seed=1)
    grouped = evaluate_ranking(scores, chances, won, ids, [i[-1] for i in ids], resamples=20)
    assert one.auc[0] == other.auc[0] == grouped.auc[0]
    assert len({one.auc[1:], other.auc[1:], grouped.auc[1:]}) == 3
    assert evaluate_ranking(scores, chances, won, ids, resamples=20) == one


def test_two_models_are_measured_on_the_same_resamples() -> None:
    scores, chances, won, ids = leads(200)
    one = evaluate_ranking(scores, chances, won, ids, resamples=50)
    reversed_ranking = evaluate_ranking(-scores, 1 - chances, won, ids, resamples=50)
    point, low, high = one.auc
    assert reversed_ranking.auc == pytest.approx((1 - point, 1 - high, 1 - low))


def test_probabilities_in_another_order_than_the_scores_are_still_measured() -> None:
    scores, chances, won, ids = leads(200)
    report = evaluate_ranking(scores, chances, won, ids, resamples=20)
    against = evaluate_ranking(-scores, chances, won, ids, resamples=20)
    assert against.ece == pytest.approx(report.ece)


def test_report_survives_json() -> None:
    report = evaluate_ranking(*leads(100), resamples=10)
    stored = json.loads(report.model_dump_json())
    assert stored["auc"] == list(report.auc)
    assert stored["precision_at"].keys() == {"0.1%", "1%", "5%", "10%"}
    assert EvaluationReport.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize(
    "change",
    [
        {"precision_at": {"1%": (0.1, 0.1, 0.1)}},
        {"auc": (math.nan, 0.0, 1.0)},
        {"n_positives": 100},
        {"n_positives": 0},
        {"recall": 1},
    ],
)
def test_report_refuses_what_no_evaluation_gives(change: dict[str, Any]) -> None:
    stored = evaluate_ranking(*leads(100), resamples=2).model_dump()
    with pytest.raises(ValidationError):
        EvaluationReport.model_validate({**stored, **change})


@pytest.mark.parametrize(("won", "message"), [([True, True], "All of the 2"), ([False, False], "None of the 2")])
def test_one_class_is_refused_with_a_remedy(won: list[bool], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        evaluate_ranking([1.0, 2.0], [0.5, 0.6], won, ["a", "b"])
    assert caught.value.hint


def test_no_leads_and_one_group_are_refused() -> None:
    with pytest.raises(DataError, match="no leads"):
        evaluate_ranking([], [], [], [])
    with pytest.raises(DataError, match="one group"):
        evaluate_ranking([1.0, 2.0], [0.5, 0.6], [True, False], ["a", "b"], ["g", "g"])
    with pytest.raises(ConfigError, match="0 resamples"):
        evaluate_ranking([1.0, 2.0], [0.5, 0.6], [True, False], ["a", "b"], resamples=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(NonFiniteScoreError, match="rank score of lead b"):
        evaluate_ranking([1.0, bad], [0.5, 0.6], [True, False], ["a", "b"])
    with pytest.raises(NonFiniteScoreError, match="probability of lead b"):
        evaluate_ranking([1.0, 2.0], [0.5, bad], [True, False], ["a", "b"])


def test_a_score_in_place_of_a_probability_is_refused() -> None:
    with pytest.raises(DataError, match="probability of lead b is 60"):
        evaluate_ranking([1.0, 2.0], [0.5, 60.0], [True, False], ["a", "b"])


@pytest.mark.parametrize("name", ["rank_scores", "probabilities", "lead_ids", "groups"])
def test_other_lengths_are_refused(name: str) -> None:
    given: dict[str, Any] = {
        "rank_scores": [1.0, 2.0],
        "probabilities": [0.5, 0.6],
        "lead_ids": ["a", "b"],
        "groups": ["g", "h"],
    }
    given[name] = given[name][:1]
    with pytest.raises(ValueError, match=name):
        evaluate_ranking(won=[True, False], **given)


def test_rows_are_readable() -> None:
    scores, chances, won, ids = leads(1849)
    groups = [f"person-{row // 2}" for row in range(1849)]
    rows = {row.name: row for row in report_rows(evaluate_ranking(scores, chances, won, ids, groups, resamples=20))}
    assert list(rows) == [
        "AUC",
        "Average precision",
        "Precision in the top 0.1 % (2 leads)",
        "Precision in the top 1 % (19 leads)",
        "Precision in the top 5 % (93 leads)",
        "Precision in the top 10 % (185 leads)",
        "NDCG in the top 10 %",
        "Calibration error (ECE)",
        "Leads",
        "Won",
        "Groups",
    ]
    assert rows["AUC"].value == f"{roc_auc_score(won, scores):.4f}"
    assert " to " in rows["AUC"].interval
    assert rows["Precision in the top 10 % (185 leads)"].value.endswith(" %")
    assert rows["Leads"] == ("Leads", "1,849", "")
    assert rows["Groups"].value == "925"


def test_rows_follow_the_names_of_the_shares() -> None:
    stored = evaluate_ranking(*leads(50), resamples=2).model_dump()
    stored["precision_at"] = {
        key: (place / 10, 0.0, 1.0) for place, key in enumerate(("0.1%", "1%", "5%", "10%"), start=1)
    }
    rows = report_rows(EvaluationReport.model_validate(stored))
    assert [row.value for row in rows[2:6]] == ["10.0 %", "20.0 %", "30.0 %", "40.0 %"]
    assert "(1 lead)" in rows[2].name
    assert [row.name for row in rows[-2:]] == ["Leads", "Won"]


def test_a_thousand_resamples_of_a_public_test_set_take_about_a_second() -> None:
    given = leads(1849)
    started = time.process_time()
    evaluate_ranking(*given)
    assert time.process_time() - started < 3  # 0.4 s here; room for a slow and busy machine


def test_memory_does_not_grow_with_resamples() -> None:
    scores, chances, won, ids = leads(20_000)

    def peak(resamples: int) -> int:
        tracemalloc.start()
        evaluate_ranking(scores, chances, won, ids, resamples=resamples)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(1) < 10e6  # a tenth of the 100 MB allowed for 200,000 leads
    assert peak(12) < peak(1) + 1e6


def test_a_single_won_lead_is_in_every_resample() -> None:
    won = [False, True, False, False]
    report = evaluate_ranking([4.0, 3.0, 2.0, 1.0], [0.9, 0.8, 0.7, 0.6], won, ["d", "c", "b", "a"], resamples=200)
    assert report.auc[0] == pytest.approx(2 / 3)
    assert report.n_positives == 1
