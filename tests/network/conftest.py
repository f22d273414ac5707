"""Small weights of every kind, made from the project's own network."""

import warnings

import pytest
import safetensors.torch
import torch

from lacuna.network.architectures.lama.generator import Generator


@pytest.fixture(autouse=True)
def weights_home(tmp_path, monkeypatch):
    """No test sees or changes the weights of whoever runs it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "lacuna" / "weights"


def random_generator(width=4, blocks=2):
    """Every number is drawn, running statistics and counters too, so that none can be mixed up."""
    dice = torch.Generator().manual_seed(7)
    generator = Generator(width, blocks).eval().requires_grad_(False)
    for name, tensor in generator.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(1000 + int(torch.randint(1000, (), generator=dice)))
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=dice)
        elif ".bn" in name or tensor.ndim < 2:
            tensor.uniform_(-0.5, 1.5, generator=dice)
        else:
            tensor.uniform_(-0.2, 0.2, generator=dice)
    return generator


class TrainingModule(torch.nn.Module):
    """Nests the generator and other things like the module that the published file was made of."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator
        self.discriminator = torch.nn.Linear(2, 2)
        self.concat_mask = True
        self.names = ["image", "mask"]

    def forward(self, batch):
        planes = torch.cat([batch["image"] * (1 - batch["mask"]), batch["mask"]], dim=1)
        return {"inpainted": self.generator(planes)}


class Wrapper(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image, mask):
        return self.model({"image": image, "mask": mask})["inpainted"]


def save_torchscript(generator, path):
    """Trace and save; keys are `model.generator.model.1.ffc...` then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(
            Wrapper(TrainingModule(generator)).eval(),
            (torch.rand(1, 3, 32, 32), torch.rand(1, 1, 32, 32)),
            strict=False,
        )
        torch.jit.save(traced, path)


def save_training_state(generator, path, **others):
    """Save like Lightning: the generator and a discriminator, then whatever training needs."""
    module = TrainingModule(generator)
    optimizer = torch.optim.Adam(torch.nn.Linear(2, 2).parameters())
    state = {
        "epoch": 3,
        "state_dict": module.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "callbacks": {torch.optim.Adam: {"best": torch.tensor(0.5)}},
        "hyper_parameters": torch.nn.Conv2d(1, 1, 1),
        "dtype": torch.float32,
        **others,
    }
    torch.save(state, path)


def save_safetensors(generator, path, metadata=None, change=None):
    tensors = dict(generator.state_dict())
    if change:
        change(tensors)
    safetensors.torch.save_file(tensors, path, metadata)


SAVERS = {
    "w.safetensors": save_safetensors,
    "w.pt": save_torchscript,
    "w.ckpt": save_training_state,
}


@pytest.fixture(scope="session")
def generator():
    """Width 4, 2 blocks; shared by all tests: never changed."""
    return random_generator()


@pytest.fixture(scope="session")
def weights_files(generator, tmp_path_factory):
    """One file of every kind with the tensors of `generator`; never changed."""
    folder = tmp_path_factory.mktemp("weights")
    for name, save in SAVERS.items():
        save(generator, folder / name)
    return folder


@pytest.fixture
def make_weights(generator, tmp_path):
    """Write safetensors with other metadata, or with tensors changed by a function."""

    def make(name="made", metadata=None, change=None):
        path = tmp_path / f"{name}.safetensors"
        save_safetensors(generator, path, metadata, change)
        return path

    return make


@pytest.fixture
def make_training_state(generator, tmp_path):
    """Write a training state with more in it than weights."""

    def make(**others):
        path = tmp_path / "made.ckpt"
        save_training_state(generator, path, **others)
        return path

    return make
