"""Settling what a run left, while somebody who takes it as it comes is removing it."""

from storage.sandbox import account


def test_what_is_gone_before_it_is_settled_needs_no_settling(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    made = [tmp_path / name for name in ("a", "b", "in/c")]
    for file in made:
        file.write_text("x")
    (tmp_path / "link").symlink_to("/etc/hostname")
    settle_one = account._settle_one

    def others_first(path, owner):
        for file in made[1:]:
            file.unlink(missing_ok=True)
        settle_one(path, owner)

    monkeypatch.setattr(account, "_settle_one", others_first)
    account.settle(tmp_path, None)
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "in"}
