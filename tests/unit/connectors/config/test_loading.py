"""Which value holds, which file is read, and what is refused in one line."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from hpro_connectors.config import DemoCrm, HproConfig, Origin, load_config, load_with_origins
from hpro_sdk.errors import ConfigError

SMALL = '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n'
TWO = SMALL + '[crm.north]\nconnector = "demo"\norg = "north.sqlite"\n'

Load = Callable[..., HproConfig]


def refusal(load: Load, text: str = SMALL, **options: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, **options)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_defaults(load: Load) -> None:
    config = load()
    crm = config.crm["main"]
    assert (config.sync.lag_s, config.sync.overlap_s) == (120, 600)
    assert (config.sync.reconcile_every_days, config.sync.reconcile_after_outage_days) == (7, 14)
    assert config.sync.max_missing_percent == 5
    assert (config.writing.score_epsilon, config.writing.refresh_days, config.writing.batch_rows) == (1, 30, 200)
    assert (config.writing.max_attempts, config.writing.max_band_change_percent) == (5, 30)
    assert config.writing.band_margin == pytest.approx(1.5)
    assert (config.budget.stop_at_percent, config.budget.run_percent) == (80, 25)
    assert (config.budget.calls_per_second, config.budget.burst, config.budget.max_tries) == (10, 20, 5)
    assert (config.budget.breaker_failures, config.budget.breaker_pause_s) == (5, 60)
    assert config.privacy.retention_days is None
    assert (config.schedule.every_minutes, config.schedule.cron, config.schedule.timezone) == (15, None, "UTC")
    assert (config.schedule.jitter_s, config.schedule.max_seconds, config.schedule.catch_up) == (30, None, True)
    assert (config.log.format, config.log.level) == ("auto", "warning")
    assert (crm.training.horizon_days, crm.training.cutoff_every_days, crm.training.max_minutes) == (90, 30, 15)
    assert (crm.training.max_tokens, crm.training.base, crm.training.seed) == (352, "nano", 0)
    assert (crm.training.leave_out, crm.training.known_at_creation) == ((), ())
    assert (crm.label, crm.exclude_field, crm.funnel.stages, crm.funnel.won, crm.funnel.lost) == (None,) * 5


def test_flag_over_environment_over_file_over_default(load: Load) -> None:
    text = SMALL + "[budget]\nburst = 2\nmax_tries = 2\nbreaker_failures = 2\n"
    environ = {"HPRO_BUDGET__BURST": "3", "HPRO_BUDGET__MAX_TRIES": "3"}
    config = load(text, environ=environ, overrides={"budget.burst": 4, "budget.breaker_pause_s": None})
    budget = config.budget
    assert (budget.burst, budget.max_tries, budget.breaker_failures, budget.breaker_pause_s) == (4, 3, 2, 60)


def test_where_each_value_came_from(tmp_path: Path) -> None:
    file = tmp_path / "hpro.toml"
    file.write_text(SMALL + "[sync]\nlag_s = 1\n")
    loaded = load_with_origins(file, environ={"HPRO_SYNC__OVERLAP_S": "2"}, overrides={"budget.burst": 4})
    values = {one.key: one for one in loaded.values()}
    assert loaded.config.path == file
    assert (values["sync.lag_s"].value, values["sync.lag_s"].origin) == (1, Origin.FILE)
    assert values["sync.lag_s"].place == str(file)
    assert (values["sync.overlap_s"].origin, values["sync.overlap_s"].place) == ("environment", "HPRO_SYNC__OVERLAP_S")
    assert values["budget.burst"].origin is Origin.FLAG
    assert values["crm.main.state"].origin is Origin.DEFAULT
    assert values["crm.main.org"].origin is Origin.FILE


def test_paths_of_the_file_start_at_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, elsewhere = tmp_path / "configured", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (folder / "hpro.toml").write_text(SMALL)
    crm = load_config(Path("../configured/hpro.toml"), environ={"HPRO_CRM__MAIN__MODELS": "models"}).crm["main"]
    assert isinstance(crm, DemoCrm)
    assert crm.org.resolve() == folder / "org.sqlite"
    assert crm.state.resolve() == folder / "hpro-state" / "main.sqlite"
    assert crm.models == elsewhere / "models"
    assert crm.org.is_absolute()


def test_home_is_spelt_out(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    crm = load('[crm.main]\nconnector = "demo"\norg = "~/org.sqlite"\n').crm["main"]
    assert isinstance(crm, DemoCrm)
    assert crm.org == Path("/somewhere/org.sqlite")


def test_a_file_is_found_by_variable_then_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpro.toml").write_text(SMALL)
    (tmp_path / "other.toml").write_text(SMALL)
    (tmp_path / "given.toml").write_text(SMALL)
    assert load_config(environ={}).path == tmp_path / "hpro.toml"
    assert load_config(environ={"HPRO_CONFIG": ""}).path == tmp_path / "hpro.toml"
    assert load_config(environ={"HPRO_CONFIG": "other.toml"}).path == tmp_path / "other.toml"
    assert load_config(Path("given.toml"), environ={"HPRO_CONFIG": "other.toml"}).path == tmp_path / "given.toml"


def test_the_environment_of_the_process_is_the_default(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    file = load().path
    monkeypatch.setenv("HPRO_CONFIG", str(file))
    monkeypatch.setenv("HPRO_SYNC__LAG_S", "7")
    assert load_config().sync.lag_s == 7


@pytest.mark.parametrize("environ", [{}, {"HPRO_CONFIG": "absent.toml"}])
def test_a_file_that_was_named_must_exist(environ: dict[str, str], tmp_path: Path) -> None:
    given = None if environ else tmp_path / "absent.toml"
    with pytest.raises(ConfigError, match=r"absent\.toml.*does not exist.*hpro config init"):
        load_config(given, environ=environ)


def test_nothing_configured_says_where_was_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(environ={"HPRO_SYNC__LAG_S": "3"})
    for place in ("--config", "HPRO_CONFIG", str(tmp_path / "hpro.toml"), "HPRO_CRM__NAME__KEY"):
        assert place in str(caught.value)


def test_the_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"HPRO_CRM__MAIN__CONNECTOR": "demo", "HPRO_CRM__MAIN__ORG": "org.sqlite"}
    config = load_config(environ=environ)
    assert config.path is None
    assert config.crm["main"].state == tmp_path / "hpro-state" / "main.sqlite"


def test_a_list_in_a_variable_is_json(load: Load) -> None:
    config = load(environ={"HPRO_CRM__MAIN__TRAINING__LEAVE_OUT": '["Owner", "Source Detail"]'})
    assert config.crm["main"].training.leave_out == ("Owner", "Source Detail")
    message = refusal(load, environ={"HPRO_CRM__MAIN__TRAINING__LEAVE_OUT": "Owner"})
    assert "HPRO_CRM__MAIN__TRAINING__LEAVE_OUT: must be a list" in message
    assert "JSON" in message


def test_an_empty_variable_counts_as_not_set(load: Load) -> None:
    assert load(environ={"HPRO_SYNC__LAG_S": "", "HPRO_LOG__LEVEL": ""}).sync.lag_s == 120


@pytest.mark.parametrize("name", ["HPRO_SYNC____LAG_S", "HPRO_SYNC__", "HPRO___LAG_S"])
def test_a_variable_without_a_key_is_refused(name: str, load: Load) -> None:
    assert name in refusal(load, environ={name: "1"})


def test_variables_that_contradict_each_other_are_refused(load: Load) -> None:
    environ = {"HPRO_SYNC__LAG_S": "1", "HPRO_SYNC__LAG_S__MORE": "1"}
    assert "contradicts" in refusal(load, environ=environ)


def test_other_variables_of_ours_are_no_configuration(load: Load) -> None:
    assert load(environ={"HPRO_BENCH_DATA": "x", "HPRO_CONFIG": "", "OTHER__KEY": "x"}).sync.lag_s == 120


def test_a_stronger_choice_replaces_a_weaker_one(load: Load) -> None:
    text = SMALL + "[schedule]\nevery_minutes = 5\n"
    schedule = load(text, environ={"HPRO_SCHEDULE__CRON": "0 6 * * mon-fri"}).schedule
    assert (schedule.every_minutes, schedule.cron) == (None, "0 6 * * mon-fri")
    text = SMALL + '[schedule]\ncron = "0 6 * * *"\n'
    schedule = load(text, overrides={"schedule.every_minutes": 3}).schedule
    assert (schedule.every_minutes, schedule.cron) == (3, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no [crm.NAME] table"),
        ("crm = 3\n", "crm:"),
        ("[crm]\n", "there is no [crm.NAME] table"),
        ("[crm]\nmain = 1\n", "crm.main: must be a table of keys"),
        ('[crm.main]\norg = "x"\n', 'crm.main: connector must be "demo"'),
        ('[crm.main]\nconnector = "other"\n', 'crm.main: connector must be "demo"'),
        ('[crm.main]\nconnector = ["demo"]\n', 'crm.main: connector must be "demo"'),
        ('[crm.main]\nconnector = "demo"\n', "crm.main.org: is required"),
        (SMALL.replace("main", "Main"), "crm.Main: a name is"),
        (SMALL.replace("main", "a__b"), "crm.a__b: a name is"),
        (SMALL + "page_sise = 3\n", "crm.main.page_sise: unknown key"),
        (SMALL + "[snyc]\n", "snyc: unknown key"),
        (SMALL + "[sync]\nlga_s = 3\n", "sync.lga_s: unknown key"),
        (SMALL + "[crm.main.training]\nhorizon = 3\n", "crm.main.training.horizon: unknown key"),
        (SMALL + "[sync]\nlag_s = true\n", "sync.lag_s: must be a number"),
        (SMALL + "[sync]\nlag_s = nan\n", "sync.lag_s:"),
        (SMALL + "[sync]\nlag_s = -1\n", "sync.lag_s:"),
        (SMALL + "[writing]\nbatch_rows = 0\n", "writing.batch_rows:"),
        (SMALL + '[log]\nlevel = "loud"\n', "log.level:"),
        (SMALL.replace('"org.sqlite"', '" "'), "crm.main.org: must be a path"),
        (SMALL.replace('"org.sqlite"', r'"a\u0000b"'), "crm.main.org: must be a path"),
        (SMALL + '[crm.main.training]\nleave_out = ["a", "a"]\n', "crm.main.training.leave_out: must not name"),
        (SMALL + '[crm.main.funnel]\nstages = ["a", "won"]\nwon = "won"\n', "stages are the open ones"),
        (SMALL + '[crm.main.funnel]\nstages = ["a"]\nkey_stage = "b"\n', "key_stage must be one of stages"),
        (SMALL + '[crm.main.funnel]\nwon = "x"\nlost = "x"\n', "two stages"),
        (TWO + 'state = "hpro-state/main.sqlite"\n', "crm.main and crm.north need a state each"),
        (TWO + 'state = "x/../hpro-state/main.sqlite"\n', "crm.main and crm.north need a state each"),
    ],
)
def test_what_is_refused(text: str, words: str, load: Load) -> None:
    message = refusal(load, text)
    assert words in message
    assert "hpro.toml" in message


def test_a_typo_is_answered_with_the_nearest_key(load: Load) -> None:
    assert "Did you mean lag_s?" in refusal(load, SMALL + "[sync]\nlga_s = 3\n")


def test_a_finding_names_the_variable_it_comes_from(load: Load) -> None:
    message = refusal(load, environ={"HPRO_SYNC__LAG_S": "soon"})
    assert message.startswith("The environment: HPRO_SYNC__LAG_S:")
    assert "soon" not in message
    assert "budget.burst (flag):" in refusal(load, overrides={"budget.burst": 0})


def test_many_findings_are_counted(load: Load) -> None:
    keys = "".join(f"key{number} = 1\n" for number in range(5))
    assert "; and 2 more." in refusal(load, SMALL + keys)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = [\n", 1),
        ("[sync]\nlag_s = hunter2\n", 2),
        ("[sync]\nlag_s = 1\nlag_s = 2\n", 3),
        ('x = "hunter2\n', 1),
        ("\n\n[sync\n", 3),
    ],
)
def test_broken_toml_is_one_line_with_its_number(text: str, line: int, load: Load) -> None:
    message = refusal(load, text)
    assert f"hpro.toml, line {line}: this is not valid TOML" in message
    assert "hunter2" not in message


def test_a_file_that_is_not_utf8_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9 hunter2\n")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        load_config(tmp_path / "latin.toml", environ={})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, environ={})


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "hpro.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert "main" in load_config(tmp_path / "hpro.toml", environ={}).crm


def test_crm_by_name(load: Load) -> None:
    assert load().crm_named(None)[0] == "main"
    two = load(TWO)
    name, crm = two.crm_named("north")
    assert (name, crm) == ("north", two.crm["north"])
    with pytest.raises(ConfigError, match=r"several CRMs: main, north\. Name one with --crm"):
        two.crm_named(None)
    with pytest.raises(ConfigError, match=r"there is main, north") as caught:
        two.crm_named("hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_configuration_is_frozen(load: Load) -> None:
    config = load()
    with pytest.raises(ValidationError):
        config.sync.lag_s = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        config.sync = config.sync  # type: ignore[misc]


def test_made_directly_it_reads_neither_file_nor_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpro.toml").write_text("[sync]\nlag_s = 5\n")
    monkeypatch.setenv("HPRO_SYNC__OVERLAP_S", "5")
    monkeypatch.setenv("LOG", "5")
    crm = DemoCrm(connector="demo", org=tmp_path / "org", state=tmp_path / "state", models=tmp_path / "models")
    config = HproConfig(crm={"main": crm})
    assert (config.sync.lag_s, config.sync.overlap_s, config.path) == (120, 600, None)


def test_made_directly_a_finding_repeats_no_value_either() -> None:
    with pytest.raises(ValidationError) as caught:
        HproConfig.model_validate({"crm": {"main": {"connector": "hunter2"}}, "log": {"level": "hunter2"}})
    assert "hunter2" not in str(caught.value)


def test_folders_are_made_one_level_deep(tmp_path: Path, load: Load) -> None:
    crm = load().crm["main"]
    assert crm.problems() == [f"the org file {tmp_path / 'org.sqlite'} does not exist"]
    crm.make_folders()
    crm.make_folders()
    assert (tmp_path / "hpro-state" / "main-models").is_dir()
    assert (tmp_path / "hpro-state").stat().st_mode & 0o077 == 0
    deep = load(SMALL + 'state = "typo/deeper/main.sqlite"\n').crm["main"]
    assert deep.problems()[0] == f"state would be made in {tmp_path / 'typo'}, which is no folder"
    with pytest.raises(ConfigError, match="cannot be made"):
        deep.make_folders()
    assert not (tmp_path / "typo").exists()
