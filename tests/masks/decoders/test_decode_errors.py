"""Whatever a decoder raises becomes one kind of error, with the reason kept."""

from __future__ import annotations

import pickle

import pytest

from prelabel.errors import MaskError
from prelabel.masks.decoders.decode_errors import refusing


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("image file is truncated"), "it cannot be read: image file is truncated; export it again"),
        (ValueError("no <X object at 0x7f00beef1234>"), "it cannot be read: no <X>; export it again"),
        (SyntaxError("x" * 500), "it cannot be read: " + "x" * 200 + "; export it again"),
        (UserWarning("corrupt"), "it cannot be read: corrupt; export it again"),
        (MemoryError(), "it cannot be read: there is not enough memory for it"),
        (KeyError("b"), "it cannot be read: KeyError in it; export it again"),
        (RecursionError(), "it cannot be read: RecursionError in it; export it again"),
    ],
)
def test_errors_of_decoders(error: BaseException, said: str) -> None:
    """The text without addresses and shortened; the cause is kept, and the error can cross a process."""
    with pytest.raises(MaskError) as caught, refusing("it cannot be read", (2, 3)):
        raise error
    assert str(caught.value) == said
    assert caught.value.shape == (2, 3)
    assert caught.value.__cause__ is error
    assert str(pickle.loads(pickle.dumps(caught.value))) == said


def test_our_own_errors_pass_with_the_shape() -> None:
    """The first shape known stays."""
    for shape, expected in ((None, (2, 3)), ((4, 5), (4, 5))):
        with pytest.raises(MaskError, match="as it is") as caught, refusing("unsaid", (2, 3)):
            raise MaskError("as it is", shape=shape)
        assert caught.value.shape == expected


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_program_passes(error: type[BaseException]) -> None:
    """Only what a decoder says of a file is taken."""
    with pytest.raises(error), refusing("unsaid"):
        raise error
