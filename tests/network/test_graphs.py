"""When a generator is recorded and when it gives up; a stand-in plays the GPU's part.

What a real recording computes is checked in test_batches.py, where there is a GPU.
"""

import contextlib

import pytest
import torch

from lacuna.network import graphs
from lacuna.network.graphs import RecordedGenerator


class Generator:
    """Answers with a view of what it is shown, as a recording writes to one place again and again.

    So a replay, in which the stand-in does nothing, has the right answer in that place.
    """

    def __init__(self):
        self.calls = 0
        self.error = None

    def __call__(self, planes):
        self.calls += 1
        if self.error is not None:
            raise self.error
        return planes[:, :3]


class Graph:
    replays = 0

    def replay(self):
        Graph.replays += 1


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.setattr(Graph, "replays", 0)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", lambda _graph, pool: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    return Generator()


def ask(recorded, *shape):
    planes = torch.rand(shape)
    answer = recorded(planes)
    assert torch.equal(answer, planes[:, :3])
    return planes, answer


def test_shape_is_recorded_when_it_comes_again_and_replayed_from_then_on(generator):
    recorded = RecordedGenerator(generator)
    for calls, replays in [(1, 0), (2, 1), (2, 2), (2, 3)]:
        ask(recorded, 2, 4, 8, 8)
        assert (generator.calls, Graph.replays) == (calls, replays)
    ask(recorded, 1, 4, 8, 8)
    assert (generator.calls, Graph.replays) == (3, 3)


def test_answer_stays_while_the_next_one_is_computed(generator):
    recorded = RecordedGenerator(generator)
    answers = [ask(recorded, 1, 4, 8, 8) for _ in range(4)]

    for planes, answer in answers:
        assert torch.equal(answer, planes[:, :3])


def test_recording_that_fails_is_no_error_and_is_not_tried_again(generator, monkeypatch, caplog):
    def refuse(_graph, pool):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    recorded = RecordedGenerator(generator)
    for side in (8, 8, 8, 16, 16, 16):
        ask(recorded, 1, 4, side, side)

    assert (generator.calls, Graph.replays) == (6, 0)
    assert caplog.text.count("no CUDA graph for (1, 4, 8, 8)") == 1
    assert "(1, 4, 16, 16)" not in caplog.text


def test_only_so_many_shapes_are_recorded(generator):
    recorded = RecordedGenerator(generator)
    for side in range(1, graphs.MOST_GRAPHS + 3):
        for _ in range(3):
            ask(recorded, 1, 4, side, side)

    assert Graph.replays == 2 * graphs.MOST_GRAPHS


def test_recordings_give_their_memory_back_when_a_shape_does_not_fit(generator):
    recorded = RecordedGenerator(generator)
    for _ in range(2):
        ask(recorded, 1, 4, 8, 8)
    generator.error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        recorded(torch.rand(8, 4, 8, 8))
    generator.error = None

    replays = Graph.replays
    ask(recorded, 1, 4, 8, 8)
    assert Graph.replays == replays
    ask(recorded, 1, 4, 8, 8)
    assert Graph.replays == replays + 1
