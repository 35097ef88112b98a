import matplotlib.image
import pytest

from luth.core.figures import new_figure, save


def test_a_figure_is_written_whole_in_its_size(tmp_path):
    figure = new_figure(4, 2.5)
    figure.subplots().plot([1, 2])
    (tmp_path / "plot.png").write_bytes(b"an older one")
    save(figure, tmp_path / "plot.png")
    assert matplotlib.image.imread(tmp_path / "plot.png").shape[:2] == (300, 480)
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_what_fails_leaves_the_older_file_and_no_other(tmp_path, monkeypatch):
    figure = new_figure(4, 2.5)
    (tmp_path / "plot.png").write_bytes(b"an older one")

    def fail(path, **_):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="no space"):
        save(figure, tmp_path / "plot.png")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"an older one"]
