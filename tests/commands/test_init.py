"""``rebal init``, ``rebal schema`` and ``rebal check`` on a fresh start."""

import json
import stat
from pathlib import Path

from program import environment, rebal


class TestInit:
    def test_writes_a_starter_that_can_be_planned(self, tmp_path: Path) -> None:
        done = rebal("init", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "")
        assert (
            done.stderr == "portfolio.yaml is written; put your own figures in, then run: rebal plan portfolio.yaml\n"
        )
        assert stat.S_IMODE((tmp_path / "portfolio.yaml").stat().st_mode) == 0o600
        assert rebal("check", cwd=tmp_path).returncode == 0
        plan = rebal("plan", "--format", "json", cwd=tmp_path)
        assert plan.returncode == 0
        assert "stale-prices" not in plan.stdout

    def test_never_over_an_existing_file(self, tmp_path: Path) -> None:
        (tmp_path / "mine.yaml").write_text("mine")
        (tmp_path / "dangling.yaml").symlink_to("nowhere.yaml")
        for name in ("mine.yaml", "dangling.yaml"):
            done = rebal("init", name, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, "")
            assert "exists and is left as it is" in done.stderr
        assert (tmp_path / "mine.yaml").read_text() == "mine"
        assert not (tmp_path / "nowhere.yaml").exists()

    def test_default_is_the_file_that_plan_reads(self, tmp_path: Path) -> None:
        env = environment(REBAL_PORTFOLIO="cold.yaml")
        assert rebal("init", cwd=tmp_path, env=env).returncode == 0
        assert rebal("check", cwd=tmp_path, env=env).returncode == 0
        assert [file.name for file in tmp_path.iterdir()] == ["cold.yaml"]

    def test_missing_folder(self, tmp_path: Path) -> None:
        done = rebal("init", "no/such/portfolio.yaml", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")


class TestSchema:
    def test_is_one_json_document(self) -> None:
        schema = json.loads(rebal("schema").stdout)
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
