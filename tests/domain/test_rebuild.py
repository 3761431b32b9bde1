"""What is said of an index that was made anew."""

from __future__ import annotations

from zoomguard.domain.rebuild import RebuildReport


def test_a_bucket_without_a_whole_bag_is_perhaps_another_one() -> None:
    report = RebuildReport()
    assert report.exit == "wrong"
    assert "Is S3_BUCKET the bucket of this college?" in report.lines()


def test_bags_that_are_not_whole_are_named_and_the_rest_counted() -> None:
    report = RebuildReport(bags=2, files=8, recordings={"a", "b"}, not_whole={"v1/x/": "it has no commit mark"})
    first, *others = report.lines()
    assert (report.exit, first) == ("wrong", "Index made anew: 2 recordings, 2 bags, 8 files")
    assert others[:2] == ["not whole  it has no commit mark", "    v1/x/"]
    report.not_whole.clear()
    assert report.exit == "done"
