"""Building blocks in model code, by pattern."""

from netgain.analysis.code_components import code_census
from netgain.study import CodeTree, SourceFile

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"


def census(text: str) -> dict[tuple[str, str], int]:
    """Return occurrences by (kind, name)."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    assert profile is not None
    return {(c.kind, c.name): len(c.where) for c in profile.components}


def observed(text: str) -> tuple[str, ...]:
    """Return the kinds whose absence means something."""
    profile = code_census(CodeTree(root=".", files=(SourceFile(path="m.py", text=HEAD + text),)))
    return profile.observed_kinds if profile else ()


NET = "class Net(nn.Module):\n    def forward(self, x):\n        return {}\n"


def test_hand_written_swish_is_silu() -> None:
    """`x * x.sigmoid()` is SiLU whatever it is called."""
    assert census(NET.format("x * x.sigmoid()")) == {("activation", "silu"): 1}


def test_spiking_neurons_stand_in_place_of_activations() -> None:
    """Neurons of snntorch count where the file takes them from it; `Leaky` of another kind does not."""
    net = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = {}\n"
    spiking = {("activation", "spiking-neuron"): 1}
    assert census("from snntorch import Leaky\n" + net.format("Leaky(beta=0.9)")) == spiking
    assert census(net.format("neuron.LIFNode(tau=2.0)")) == spiking
    assert census(net.format("nn.Sequential(nn.Linear(8, 8), Leaky(0.1))")) == {}


def test_gate_inside_a_block_is_no_activation() -> None:
    """The sigmoid of a squeeze-excite block is part of the gate, and the block is one attention."""
    text = (
        "class Q(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, 4, 1), nn.ReLU(),\n"
        "                                 nn.Conv2d(4, c, 1), nn.Sigmoid())\n"
        "    def forward(self, x):\n        return x * self.net(x)\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.q = Q(8)\n"
        "    def forward(self, x):\n        return F.gelu(self.q(x))\n"
    )
    found = census(text)
    assert found[("attention", "squeeze-excite")] == 1
    assert ("activation", "silu") not in found


def test_attention_class_nobody_builds_is_not_counted() -> None:
    """A block that is defined and never used is no part of the model."""
    text = (
        "class Gate(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.fc = nn.Linear(c, c)\n    def forward(self, x):\n"
        "        return x * torch.sigmoid(self.fc(x.mean(dim=2)))\n" + NET.format("F.relu(x)")
    )
    assert census(text) == {("activation", "relu"): 1}


def test_a_classifier_with_pooling_is_no_attention() -> None:
    """Pool, linear and a final sigmoid without a multiplication are a classifier head."""
    text = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.pool = nn.AdaptiveAvgPool2d(1)\n        self.fc = nn.Linear(8, 1)\n"
        "    def forward(self, x):\n        scale = 2 * x\n"
        "        return torch.sigmoid(self.fc(self.pool(scale).flatten(1)))\n"
    )
    assert ("attention", "squeeze-excite") not in census(text)


def test_activation_held_in_a_variable_makes_absence_unknown() -> None:
    """`act_layer=` and `getattr(nn, name)` leave the activations of the model open."""
    dynamic = (
        "class Net(nn.Module):\n    def __init__(self, act_layer=nn.ReLU):\n        self.a = act_layer()\n"
        "    def forward(self, x):\n        return self.a(x)\n"
    )
    assert "activation" not in observed(dynamic)
    assert {"activation", "attention"} <= set(observed(NET.format("F.relu(x)")))


def test_model_from_another_package_makes_everything_unknown() -> None:
    """A model built by timm is not in the tree, so nothing about it is observed."""
    assert (
        observed(
            "import timm\nm = timm.create_model('swin_base_patch4_window7_224')\n" + NET.format("x")
        )
        == ()
    )


def test_norms_are_found_in_classes_builders_and_written_out() -> None:
    """A builder function counts as the class does, and mean over deviation is a layer norm by hand."""
    text = (
        "def block(i, o):\n    return nn.Sequential(nn.Conv2d(i, o, 3), nn.BatchNorm2d(o))\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = block(3, 8)\n    def forward(self, x):\n        x = self.a(x)\n"
        "        return (x - x.mean(1, keepdim=True)) / torch.sqrt(x.var(1) + 1e-5)\n"
    )
    found = census(text)
    assert found["normalization", "batch-norm"] == 1
    assert found["normalization", "layer-norm"] == 1


def test_input_standardisation_is_no_norm_layer() -> None:
    """Subtracting a stored mean normalises the input, not a layer."""
    assert ("normalization", "layer-norm") not in census(NET.format("(x - self.mean) / self.std"))


def test_norm_held_in_a_table_makes_absence_unknown() -> None:
    """A class that is stored and not called, or a norm of unknown inside, leaves normalisation open."""
    table = "NORMS = {'ln': nn.LayerNorm, 'relu': nn.ReLU}\n" + NET.format("x")
    assert not {"normalization", "activation"} & set(observed(table))
    tested = "def init(m):\n    return isinstance(m, nn.BatchNorm2d)\n" + NET.format("x")
    assert "normalization" in observed(tested)
    custom = (
        "class Net(nn.Module):\n    def __init__(self):\n        self.n = ScaleNorm(8)\n"
        "    def forward(self, x):\n        return self.n(x)\n"
    )
    assert "normalization" not in observed(custom)
    assert "normalization" in observed(NET.format("F.relu(x)"))


def test_strides_pools_and_interpolation_are_told_apart() -> None:
    """A stride above 1 is learned down-sampling, by keyword or by position; a global pool is none."""
    text = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Conv2d(3, 8, 3, stride=(2, 2))\n        self.b = nn.Conv2d(8, 8, 3, 2, 1)\n"
        "        self.c = nn.Conv2d(8, 8, 3, padding=1)\n        self.p = nn.AdaptiveAvgPool2d(1)\n"
        "        self.u = nn.ConvTranspose2d(8, 8, 2, stride=2)\n"
        "    def forward(self, x):\n        x = F.max_pool2d(self.c(self.b(self.a(x))), 2)\n"
        "        return self.p(F.interpolate(self.u(x), scale_factor=2))\n"
    )
    found = {name: n for (kind, name), n in census(text).items() if kind == "resampling"}
    assert found == {
        "strided-convolution": 2, "max-pool": 1, "transposed-convolution": 1, "interpolation": 1
    }  # fmt: skip
    assert "resampling" in observed(text)
    assert "resampling" not in observed(text.replace("stride=(2, 2)", "stride=s"))


def _skips(body: str) -> dict[str, int]:
    text = f"class Net(nn.Module):\n    def forward(self, x):\n        {body}\n"
    return {name: n for (kind, name), n in census(text).items() if kind == "skip"}


def test_sum_with_an_earlier_value_is_a_skip() -> None:
    """The sum may be written in place, over two statements, or by a function."""
    assert _skips("return x + self.f(x)") == {"residual-skip": 1}
    assert _skips("y = self.f(x)\n        y += x\n        return y") == {"residual-skip": 1}
    assert _skips("y = self.g(self.f(x))\n        return torch.add(y, x)") == {"residual-skip": 1}
    assert _skips("return self.f(x) + self.shortcut(x)") == {"residual-skip": 1}


def test_concatenation_with_an_earlier_value_is_a_skip() -> None:
    """Dense and U-shaped models join what was computed before; parallel branches do not."""
    assert _skips("y = self.f(x)\n        return torch.cat([x, y], 1)") == {"concat-skip": 1}
    assert _skips("return torch.cat([self.f(x), self.g(x)], 1)") == {}


def test_positions_and_constants_are_no_skip() -> None:
    """Adding a parameter or a number bypasses nothing."""
    assert _skips("return self.f(x) + self.position") == {}
    assert _skips("x = self.f(x) + 1\n        return x") == {}


def test_sum_of_two_unnamed_branches_leaves_skips_open() -> None:
    """Two calls of one value may be parallel branches or a projected skip."""
    text = (
        "class Net(nn.Module):\n    def forward(self, x):\n        return self.a(x) + self.b(x)\n"
    )
    assert "skip" not in observed(text)
    assert "skip" in observed(NET.format("self.a(x)"))


def test_skips_through_lists_loops_and_stored_values() -> None:
    """A U-shaped model keeps values in a list; a dense one joins the list itself, which stays open."""
    unet = (
        "kept = []\n        for down in self.downs:\n            x = down(x)\n            kept.append(x)\n"
        "        for up in self.ups:\n            x = torch.cat([up(x), kept.pop()], 1)\n        return x"
    )
    assert _skips(unet) == {"concat-skip": 1}
    dense = (
        "class Net(nn.Module):\n    def forward(self, x):\n        kept = [x]\n"
        "        for layer in self.layers:\n            kept.append(layer(torch.cat(kept, 1)))\n"
        "        return torch.cat(kept, 1)\n"
    )
    assert "skip" not in observed(dense)


def test_sizes_of_a_value_are_not_the_value() -> None:
    """Positions cut to the length of the input, and noise of its shape, bypass nothing."""
    assert _skips("x = self.f(x)\n        n = x.shape[1]\n        return x + self.pos[:, :n]") == {}
    assert _skips("x = self.f(x)\n        return x + torch.randn_like(x)") == {}


def test_keras_builder_functions_are_read() -> None:
    """Sums of lists and strides in second place, in a function that builds a model."""
    text = (
        "def block(x):\n    y = layers.Conv2D(8, 3, 2)(x)\n    y = layers.BatchNormalization()(y)\n"
        "    return layers.Add()([x, y])\nmodel = block(inputs)\n"
    )
    found = census(text)
    assert found["skip", "residual-skip"] == 1
    assert found["resampling", "strided-convolution"] == 1
    assert found["normalization", "batch-norm"] == 1


def test_class_imported_under_another_name_leaves_its_kind_open() -> None:
    """An alias hides what is built."""
    text = "from torch.nn import BatchNorm2d as B\n" + NET.format("x")
    assert "normalization" not in observed(text)


def test_pools_of_stride_one_and_every_other_position() -> None:
    """A pool that moves by one keeps the size; a slice with a step does not."""
    assert census(NET.format("F.max_pool2d(x, 3, 1, 1)")) == {}
    assert census(NET.format("x[:, :, ::2]")) == {("resampling", "subsampling"): 1}
    assert "resampling" not in observed(NET.format("rearrange(x, 'b (h p) -> b (p) h')"))


def test_endless_sum_leaves_skips_open() -> None:
    """An expression nested beyond the interpreter's stack stops nothing."""
    assert "skip" not in observed(NET.format("x" + " + self.b" * 3000))


def test_gate_of_bare_parameters_and_einsum_is_squeeze_excite() -> None:
    """Matrix products with parameters and a contraction with the input are the same gate."""
    text = (
        "class Q(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
        "        self.a = nn.Parameter(torch.randn(4, c))\n        self.b = nn.Parameter(torch.randn(c, 4))\n"
        "    def forward(self, x):\n        s = x.flatten(2).mean(-1)\n"
        "        s = torch.sigmoid(torch.relu(s @ self.a.t()) @ self.b.t())\n"
        "        return torch.einsum('bchw,bc->bchw', x, s)\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.q = Q(8)\n"
        "    def forward(self, x):\n        return self.q(x)\n"
    )
    assert census(text)["attention", "squeeze-excite"] == 1


def test_a_functional_model_without_arguments_begins_at_its_input() -> None:
    """Sums, joins, words for activations and transposed layers of Keras are the blocks they stand for."""
    text = (
        "def net():\n    i = layers.Input((64, 64, 3))\n    a = layers.Conv2D(8, 3)(i)\n"
        "    b = layers.Activation('elu')(layers.BatchNormalization()(a))\n"
        "    b = layers.add([layers.MaxPooling2D(2)(a), layers.Conv2D(8, 3, strides=2)(b)])\n"
        "    u = layers.Conv2DTranspose(8, 2, strides=(s, s))(b)\n    u = layers.concatenate([u, a])\n"
        "    return Model(i, layers.Conv2D(1, 1, activation='sigmoid')(u))\nm = net()\n"
    )
    assert census(text) == {
        ("activation", "elu"): 1,
        ("normalization", "batch-norm"): 1,
        ("resampling", "max-pool"): 1,
        ("resampling", "strided-convolution"): 1,
        ("resampling", "transposed-convolution"): 1,
        ("skip", "concat-skip"): 1,
    }


def test_a_value_joined_past_a_gate_is_a_skip() -> None:
    """What an attention block makes of an earlier value is that value carried past the layers between."""
    text = (
        "def net():\n    i = Input((64, 64, 3))\n    a = Conv2D(8, 3)(i)\n    d = Conv2D(8, 3)(a)\n"
        "    s = attend(a, Conv2D(8, 1)(d))\n    att = s\n"
        "    return Model(i, Concatenate()([UpSampling2D(2)(d), att]))\nm = net()\n"
    )
    assert census(text)[("skip", "concat-skip")] == 1


def test_parallel_branches_that_are_joined_are_no_skip() -> None:
    """Branches of one value side by side carry nothing past anything."""
    text = (
        "def net():\n    i = Input((64, 64, 3))\n    a = Conv2D(8, 3)(i)\n"
        "    return Model(i, Concatenate()([Conv2D(8, 1)(a), Conv2D(8, 3)(a)]))\nm = net()\n"
    )
    assert ("skip", "concat-skip") not in census(text)


def test_a_class_that_is_defined_again_counts_once_by_its_last_definition() -> None:
    """A cell of a notebook that defines the network anew replaces the one above it."""
    first = NET.format("x + self.f(x)")
    assert census(first + NET.format("F.relu(x)")) == {("activation", "relu"): 1}
    assert census(NET.format("F.relu(x)") + first + first) == {("skip", "residual-skip"): 1}


OLD_STYLE = (
    "{mark}class Gate(nn.Module):\n    def __init__(self, c):\n        super(Gate, self).__init__()\n"
    "        self.fc = nn.Linear(c, c)\n    def forward(self, x):\n"
    "        return x * torch.sigmoid(self.fc(x.mean(dim=(2, 3))))\n" + NET.format("F.relu(x)")
)


def test_a_class_that_names_itself_in_super_is_not_built_by_that() -> None:
    """`super(Gate, self)` inside a class that nobody makes is no use of the class."""
    assert not any(kind == "attention" for kind, _ in census(OLD_STYLE.format(mark="")))


def test_a_registered_class_counts_as_built() -> None:
    """A class that a decorator keeps under a name may be made by that name."""
    assert any(
        kind == "attention" for kind, _ in census(OLD_STYLE.format(mark="@BLOCKS.register()\n"))
    )


def test_a_shortcut_that_is_a_layer_under_a_condition_is_a_skip() -> None:
    """Where the condition does not hold, the value itself is added again, whatever its name."""
    block = (
        "def block(t, down):\n    first = t\n    if down:\n        first = conv(t)\n        t = conv(t)\n"
        "    else:\n        t = conv(t)\n    t = keras.layers.BatchNormalization()(t)\n"
        "    return keras.layers.add([t, first])\n"
        "out = block(keras.Input((3,)), True)\n"
    )
    assert census(block)["skip", "residual-skip"] == 1


def test_two_branches_that_no_condition_leaves_out_stay_open() -> None:
    """Neither side is the value itself on any way through the function."""
    block = (
        "def block(t, wide):\n    first = left(t)\n    if wide:\n        first = drop(first)\n"
        "    t = keras.layers.BatchNormalization()(t)\n    return keras.layers.add([t, first])\n"
        "out = block(keras.Input((3,)), True)\n"
    )
    assert "skip" not in observed(block)


def test_a_flag_for_norms_that_no_condition_asks_for_leaves_nothing_open() -> None:
    """The name of an argument alone chooses nothing."""
    head = "class Net(nn.Module):\n    def __init__(self, use_bn=False):\n"
    head += "        self.c = nn.Conv2d(3, 3, 3)\n"
    body = "    def forward(self, x):\n        return F.relu(self.c(x))\nnet = Net()\n"
    assert "normalization" in observed(head + body)
    test = "        if use_bn:\n            self.n = make(3)\n"
    assert "normalization" not in observed(head + test + body)


def test_a_functional_model_at_the_margin_of_a_script_is_followed() -> None:
    """What is added was computed from what it is added to, in no function at all."""
    start = "inputs = keras.Input((32, 32, 3))\nx = layers.Conv2D(8, 3)(inputs)\ny = layers.Conv2D(8, 3)(x)\n"
    assert ("skip", "residual-skip") in census(f"{start}x = layers.Add()([x, y])\n")
    assert ("skip", "residual-skip") not in census(f"{start}y = layers.ReLU()(y)\n")


def test_convolutions_of_flax_shrink_by_their_strides() -> None:
    """They count no dimensions in their name, and stride at the third place."""
    net = "class Net(nn.Module):\n    def __call__(self, x):\n        return {}(x)\n"
    assert ("resampling", "strided-convolution") in census(
        net.format("nn.relu(nn.Conv(8, (3, 3), strides=(2, 2))(x))")
    )
    assert ("resampling", "strided-convolution") in census(
        net.format("nn.relu(nn.Conv(8, (3, 3), 2)(x))")
    )
    plain = "nn.relu(nn.Conv(8, (3, 3), strides=(1, 1))(x))"
    assert ("resampling", "strided-convolution") not in census(net.format(plain))
    assert "resampling" not in observed(
        net.format("nn.relu(self.conv(8, (3, 3), strides=(2, 2))(x))")
    )


def test_attention_of_keras_and_flax_is_attention() -> None:
    """Layers of the packages attend; a class of the tree by that name is what it shows."""
    use = "class Net(nn.Module):\n    def call(self, x):\n        return F.relu({}(num_heads=2)(x, x))\n"
    made = ("attention", "dot-product-attention")
    assert made in census(use.format("layers.MultiHeadAttention"))
    assert made in census(use.format("nn.MultiHeadDotProductAttention"))
    own = "class Attention(nn.Module):\n    def call(self, x):\n        return F.gelu(x)\n"
    assert made not in census(own + use.format("Attention"))


def test_a_convolution_kept_under_a_name_leaves_the_strides_open() -> None:
    """They stand where that name is called, by place."""
    net = (
        "class Net(nn.Module):\n    def __call__(self, x):\n        conv = {}\n"
        "        return nn.relu(conv(64, (7, 7), (2, 2))(x))\n"
    )
    assert "resampling" not in observed(net.format("partial(nn.Conv, use_bias=False)"))
    assert "resampling" not in observed(net.format("nn.Conv2d"))
    assert "resampling" in observed(net.format("nn.Conv2d(3, 3, 3)"))


def test_a_test_for_a_convolution_keeps_none() -> None:
    """Initialising by class is no choice of a layer."""
    start = "def init(m):\n    if isinstance(m, nn.Conv2d) or type(m) == nn.Conv2d:\n        zero(m.weight)\n"
    assert "resampling" in observed(start + NET.format("F.relu(x)"))


def test_a_graph_of_functions_is_not_read() -> None:
    """What older code builds without classes may hold anything."""
    net = "def net(x):\n    x = tf.layers.conv2d(x, 8, 3)\n    return tf.keras.layers.Dense(3)(x)\n"
    assert observed(f"{net}y = net(keras.layers.ReLU()(z))\n") == ()


def test_a_network_that_is_not_counted_leaves_every_kind_open() -> None:
    """Without a script nobody knows that it is idle, so that absence is not said."""
    counted = "class Net(nn.Module):\n    def forward(self, x):\n        return F.relu(x)\n"
    beside = (
        "class ResNetWithBlocks(nn.Module):\n    def forward(self, x):\n        return F.elu(x)\n"
    )
    assert "activation" in observed(counted)
    assert observed(counted + beside) == ()
