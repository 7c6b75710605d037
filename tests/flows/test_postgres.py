"""`labeler server --postgres`, with Debian's Postgres."""

import shutil

import pytest

from flows.postgres import INSTALLED, place
from labeler.errors import ConfigError
from tests.flows.conftest import deliver, run_file
from tests.flows.test_overnight import LONG, House

THERE = shutil.which("initdb") or any(INSTALLED.glob("*/bin/initdb"))
NEEDED = pytest.mark.skipif(not THERE, reason="Postgres is not installed (apt-get: postgresql)")


def test_where_postgres_is_not_installed_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.postgres.INSTALLED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError) as refused:
        place(tmp_path)
    assert str(refused.value) == (
        "--postgres: Postgres is not installed; on Debian `apt-get install postgresql` "
        "(its own server need not run)"
    )


@LONG
@NEEDED
def test_schedules_outlive_a_restart_of_a_server_with_postgres(tmp_path, model_url):
    house = House(tmp_path, "--postgres")
    try:
        house.start()
        deliver(tmp_path, 0, 2)
        words = ["--flow", "incremental", "--cron", "0 2 * * *", "--out", tmp_path / "out"]
        added = house.labeler(
            "schedule", run_file(tmp_path, model_url), *words, "--pool", "labeler"
        )
        assert added.returncode == 0, added.stderr
        house.stop()
        house.start()
        run = house.start_run("incremental", tmp_path.name)
        house.completed(run)
        assert house.said(run).startswith("version 0 of out: 2 problems")
        assert not (house.home / "prefect.db").exists()
        assert not any("Traceback" in line for line in house.lines())
    finally:
        house.kill_all()
        files = place(house.home).folder
        # For root it lies outside the test's own folder.
        if not files.is_relative_to(tmp_path):
            shutil.rmtree(files)
