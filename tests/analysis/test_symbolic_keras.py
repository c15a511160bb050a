"""Networks of Keras, as symbolic execution counts them."""

from __future__ import annotations

import textwrap

import pytest

from netgain.analysis.symbolic.networks import NetworkCost, configured, trained_costs
from netgain.study import CodeTree, SourceFile


def only(text: str) -> NetworkCost:
    """Return the one network that a script trains."""
    file = SourceFile(path="train.py", text=textwrap.dedent(text))
    found = trained_costs(CodeTree(root=".", files=(file,)), configured({}))
    assert found is not None
    assert len(found) == 1
    return found[0]


VGG16 = """
    from keras.models import Sequential
    from keras.layers import *
    def vgg(classes=1000):
        model = Sequential()
        for number, (width, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
            for index in range(count):
                if number == 0 and index == 0:
                    model.add(Conv2D(width, (3, 3), padding="same", input_shape=(224, 224, 3)))
                else:
                    model.add(Conv2D(width, 3, activation="relu", padding="same"))
            model.add(MaxPooling2D((2, 2), strides=2))
        model.add(Flatten())
        for _ in range(2):
            model.add(Dense(4096, activation="relu"))
        model.add(Dense(classes, activation="softmax"))
        return model
    def main():
        model = vgg()
        if load() is None:
            return
        model.compile(optimizer="sgd", loss="categorical_crossentropy")
        model.fit(x, y, epochs=70)
    if __name__ == "__main__":
        main()
"""


def test_vgg16_has_its_published_size() -> None:
    """Keras publishes 138,357,544 parameters; torchvision 15.47 billion multiply-accumulates."""
    cost = only(VGG16)
    assert cost.parameters == 138_357_544
    assert dict(cost.operations)[224, 224, 3] == pytest.approx(15.47e9, rel=0.001)
    assert cost.left_out == ()


def test_graph_of_layers_counts_each_call_and_each_weight_once() -> None:
    """A layer called twice costs twice and holds its weights once."""
    cost = only("""
    import tensorflow as tf
    from tensorflow.keras import layers
    start = tf.keras.Input(shape=(8,))
    shared = layers.Dense(8)
    x = shared(shared(start))
    x = layers.Add()([x, start])
    model = tf.keras.Model(inputs=start, outputs=layers.Dense(2, use_bias=False)(x))
    model.compile("adam", "mse")
    """)
    assert cost.parameters == 72 + 16
    assert dict(cost.operations)[8,] == 64 + 64 + 16


@pytest.mark.parametrize(
    ("layer", "parameters"),
    [
        ("LSTM(128)", 4 * (128 * (28 + 128) + 128)),
        ("GRU(128)", 3 * (128 * (28 + 128) + 2 * 128)),
        ("Bidirectional(LSTM(64, return_sequences=True))", 2 * 4 * (64 * (28 + 64) + 64)),
        ("TimeDistributed(Dense(5))", 28 * 5 + 5),
        ("SeparableConv1D(16, 3)", 3 * 28 + 28 * 16 + 16),
        ("BatchNormalization()", 56),
        ("MultiHeadAttention(2, 7)", None),
    ],
)
def test_layers_of_sequences(layer: str, parameters: int | None) -> None:
    """A layer on 10 steps of 28 numbers has the parameters that Keras's summary shows."""
    cost = only(f"""
    from tensorflow.keras.models import Sequential
    from tensorflow.keras.layers import *
    model = Sequential([Input(shape=(10, 28)), {layer}])
    model.compile("adam", "mse")
    """)
    assert parameters is None or cost.parameters == parameters


def test_layer_of_unknown_kind_leaves_the_count_open() -> None:
    """What a layer of the project's own costs is not told."""
    cost = only("""
    from tensorflow.keras.models import Sequential
    from tensorflow.keras.layers import Dense, Input
    from mystery import Layer
    model = Sequential([Input(shape=(4,)), Layer(9), Dense(2)])
    model.compile("adam", "mse")
    """)
    assert cost.left_out != ()
    assert cost.operations == ()


def test_shapes_that_do_not_fit_leave_the_count_open() -> None:
    """Pools over images with their channels first, as older code sets them, end no audit."""
    cost = only("""
    from keras.models import Sequential
    from keras.layers import *
    model = Sequential()
    model.add(Conv2D(8, 3, input_shape=(1, 28, 28)))
    model.add(MaxPooling2D((2, 2)))
    model.compile("adam", "mse")
    """)
    assert cost.operations == ()
