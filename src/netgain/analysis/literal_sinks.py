"""Where hyperparameters enter training code: calls, arguments and words, by kind of sink."""

from __future__ import annotations

import re
from functools import lru_cache

OPTIMIZERS = re.compile(
    r"(SGD|Adam\w*|RMSprop|RMSProp|Adagrad|Adadelta|NAdam|RAdam|Lion|L[Aa][Mm][Bb]|L[Aa][Rr][Ss]|LBFGS|"
    r"Rprop|Adafactor|Muon|Shampoo|SGDP|Lookahead|Adamax)"
)
SCHEDULERS = re.compile(
    r"(\w*LR|\w*LROnPlateau|CosineAnnealing\w*|get_\w*schedule\w*|\w*Decay|\w*WarmUp|\w*Warmup\w*|"
    r"\w*LRScheduler)"
)
LOSSES = re.compile(r"\w*(Loss|loss|cross_entropy|Criterion|Entropy)")
DROPOUTS = re.compile(
    r"(Alpha|Feature)*[Dd]ropout(\dd)?|DropPath|drop_path|StochasticDepth|DropBlock\w*"
)
CLIPS = re.compile(r"clip_grad_(norm|value)_?|clip_by_\w*norm|clip_by_value")
AUGMENTATIONS = re.compile(
    r"Random\w+|ColorJitter|GaussianBlur|GaussNoise|GaussianNoise|RandAugment|AutoAugment|Mixup|MixUp|"
    r"CutMix|Cutout|TrivialAugment\w*|AugMix|CoarseDropout|ShiftScaleRotate|ImageDataGenerator|"
    r"Affine|Perspective|ElasticTransform|GridDistortion|OpticalDistortion|HueSaturationValue|RGBShift|"
    r"(?:Channel|Grid|Pixel)Dropout|(?:Motion|Median|Defocus|Zoom)?Blur|ISONoise|MultiplicativeNoise|"
    r"CLAHE|SafeRotate|Rotate|Cutout\w*|TimeMasking|FrequencyMasking|SpecAugment\w*"
)
BLURS = re.compile(r"(?:Random)?Gaussian_?Blur")
"""Augmentations whose kernel is their strength."""
NO_STRENGTH = re.compile(
    r"\w*size|height|width|seed|random_state|\w*(?:dim|features|channels)\w*|n_\w+|num_\w+|in_\w+|out_\w+|"
    r"fill\w*|value|cval|mask_value|interpolation|\w*mode|rescale|mean|cv|max_iter|validation_split|"
    r"image_\w+|replacement|generator|axis|max_pixel_value|verbose|steps?|length|dtype",
    re.IGNORECASE,
)
"""Keyword arguments of augmentations that are sizes, fills and sources of chance."""
AVERAGES = re.compile(r"\w*(EMA|Ema|AveragedModel|ExponentialMovingAverage)\w*")
SOFTMAXES = frozenset({"softmax", "log_softmax", "Softmax", "gumbel_softmax", "softmin"})
NOISE = frozenset({"randn", "randn_like", "rand_like", "normal", "standard_normal", "uniform"})
CONFIGURATION = re.compile(
    r".*[Cc]onfig.*|.*[Cc]fg.*|.*[Aa]rgs|.*Arguments|parse\w*|Namespace|dict|\w*[Hh]?[Pp]arams|field|"
    r"\w*[Ss]ettings|\w*[Oo]ptions?|add_argument|add_option|OmegaConf\w*|EasyDict|suggest_\w+"
)
"""Calls that expose what is passed to them."""

NAMED = {
    "optimizer": r"lr|learning_rate|base_lr|init_lr|weight_decay|momentum|betas|beta1|beta2|rho|"
    r"trust_coefficient|lr_mult|lr_scale",
    "schedule": r"max_lr|min_lr|eta_min|gamma|milestones|step_size|t_max|t_0|t_mult|pct_start|"
    r"warmup\w*|num_warmup_steps|start_factor|end_factor|total_iters|factor|patience|div_factor|"
    r"final_div_factor|decay_rate|decay_steps|total_epochs?|multiplier|lr_min|warm_?\w*|cycle_\w+|"
    r"first_cycle_steps|decay_t|t_initial|k_decay|power|annealing_\w+",
    "loss": r"label_smoothing|smoothing|margin|focal_\w+|alpha|gamma|delta|beta|pos_weight|reg_weight|"
    r"\w*_weight|loss_weight|lambda\w*",
    "clipping": r"max_norm|clip_value|clip_norm|gradient_clip_val|max_grad_norm|grad_clip|clipnorm",
    "dropout": r"p|dropout\w*|drop_rate|drop_path\w*|drop_prob|attn_drop|rate|hidden_dropout\w*",
    "temperature": r"temperature|tau|temp",
    "augmentation": r"brightness|contrast|saturation|hue|degrees|translate|scale|shear|p|padding|"
    r"magnitude|num_ops|sigma|blur_limit|alpha|ratio|distortion_scale|std|cutmix\w*|mixup\w*|var_limit|prob|"
    r"\w*_(?:range|limit|factor|shift|lower|upper|prob|std|var|strength|magnitude|scale|param)|factor|"
    r"limit|angle|sharpness|gamma|severity|rotate|num_holes\w*|max_(?:holes|height|width|size)|bits|"
    r"threshold|kernel_range|lambda_val|cut_size|num_magnitude_bins",
    "averaging": r"decay|ema_decay|momentum|beta",
}
"""Keyword arguments by the kind of sink whose calls they belong to."""
ANYWHERE = re.compile(
    r"lr|learning_rate|weight_decay|dropout\w*|drop_rate|drop_path_rate|label_smoothing|temperature|"
    r"ema_decay|max_grad_norm|gradient_clip_val|clip_norm|loss_weight|aux_weight|lambda_\w+"
)
"""Keyword arguments that set a hyperparameter whatever is called."""
SINKS = (
    "optimizer", "loss", "temperature", "averaging", "schedule", "clipping", "threshold", "dropout",
    "augmentation"
)  # fmt: skip
"""Kinds of sink, the one whose numbers move a result most first."""
CALLS = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULERS,
    "loss": LOSSES,
    "clipping": CLIPS,
    "dropout": DROPOUTS,
    "augmentation": AUGMENTATIONS,
    "averaging": AVERAGES,
}
POSITIONS: dict[str, tuple[int, ...]] = {
    "optimizer": (0, 1),
    "schedule": (1, 2, 3),
    "clipping": (1,),
    "dropout": (0, 1),
    "averaging": (1,),
    "augmentation": (0, 1, 2, 3),
    "loss": (),
}
"""Positional arguments that are hyperparameters, 0-based, by kind."""
POSITIONAL_IN_LOSSES = (
    r"label_smoothing|smoothing|smooth|epsilon_ls|(?:\w+_)?margin|m|s|scale|focal_\w+|alpha|gamma|delta|beta|"
    r"pos_weight|(?:\w+_)?weight|lambda\w*|lam|lamb|temperature|temp|tau|t|T"
)
"""Names of arguments of losses that are hyperparameters where numbers are passed by position."""
LIBRARY_LOSSES: dict[str, tuple[str, ...]] = {
    "MarginRankingLoss": ("margin",), "TripletMarginLoss": ("margin",), "CosineEmbeddingLoss": ("margin",),
    "HingeEmbeddingLoss": ("margin",), "LabelSmoothingCrossEntropy": ("smoothing",),
    "HuberLoss": ("reduction", "delta"),
}  # fmt: skip
"""First positional arguments of losses of packages."""
ROUNDINGS = frozenset({"int", "float", "round"})
"""Calls that a number is followed through."""
STARTED = re.compile(r"epoch|(?:^|_)(?:step|iter|iters|iteration|it|ep)(?:_|$)", re.IGNORECASE)
"""Names that count the course of a training."""
SCHEDULE_WORD = re.compile(r"sched|lr_decay|annealer", re.IGNORECASE)
POSITION_NAMES = {
    ("optimizer", 1): "lr",
    ("clipping", 1): "max_norm",
    ("dropout", 0): "p",
}
"""Keywords that positional arguments stand for, so that both spellings are one place."""
SHAPES = re.compile(
    r"Random(Resized)?Crop|RandomSampler|RandomState|Randomi[sz]ed\w+|RandomSearch\w*|RandomSplit\w*|"
    r"RandomForest\w*|RandomAccess\w*"
)
"""Calls whose first number is a size, or that are no augmentation."""
LOSS_WORD = re.compile(
    r"loss|(^|_)(ce|bce|kl|kld|mse|nll|reg|aux|l1|l2|tv|penalty|entropy|dice|triplet|contrast\w*)(_|\d|$)"
)
LOGIT_WORD = re.compile(r"logit|simil|(^|_)(sim|scores?|energy|attn)(_|$)")
LOSS_FUNCTION = re.compile(r"loss|criterion|objective|penalty", re.IGNORECASE)
"""Functions and classes that return a loss."""
FORWARDS = frozenset({"forward", "call", "__call__", "logits", "predict", "classify"})
"""Methods that return what a module computes."""
LOSS_TABLE = re.compile(
    r"(loss|term|aux|lambda|criterion)\w*_?(weights?|coefs?|coeffs?|factors?|scales?)(_dict)?|weight_dict|"
    r"lambdas|loss_w",
    re.IGNORECASE,
)
"""Names of collections that hold the weights of loss terms."""
RATE_WORD = re.compile(r"(^|_)lr(_|$)|learning_rate", re.IGNORECASE)
NOT_TRAINED = re.compile(
    r"running|moving|avg|average|smoothed|meter|display|(^|_)disp(_|$)|print|logged|epoch_loss|mean_loss"
)
"""Names of values kept to be shown."""
SMOOTHED = re.compile(r"^(ema|smooth|hist|mean|ma)_\w*loss|loss\w*_(ema|smooth|hist|ma|mean)$")
"""Names of losses that hold their own past, where they are mixed into themselves."""
LABELS = re.compile(
    r"one_?hot|label|target|truth|(^|_)(y|t|gt|nll|lsr)(_|$)|log_?p|smooth|soft_?y|uniform"
)
"""Names in an expression that mixes a label, or a log-likelihood, with something else."""
AVERAGED = re.compile(
    r"ema|shadow|param|weight|teacher|student|slow|momentum|(^|_)(state|avg_model|key)(_|$)"
)
"""Names in an expression that averages the weights of a model."""
SELECTING = re.compile(r"pseudo|mask|confiden|select|reliab|unlabel", re.IGNORECASE)
"""Names given to what a threshold picks out for training."""
CONFIDENCE = re.compile(r"prob|conf|max|cert|score|weight|entropy", re.IGNORECASE)
"""Names of what a threshold is compared with."""
COMPARISONS = frozenset({"ge", "gt", "le", "lt", "greater", "greater_equal", "less", "less_equal"})
GRADIENT = re.compile(r"grads?|gradients?|g", re.IGNORECASE)
NORMS = re.compile(r".*norm.*|total\w*|magnitude", re.IGNORECASE)
"""Names of the length of a gradient."""
SCALING_CALLS = frozenset(
    {"div", "div_", "true_divide", "divide", "divide_", "mul", "mul_", "multiply", "multiply_"}
)
RESHAPING = frozenset(
    {"to", "float", "half", "double", "cuda", "cpu", "view", "reshape", "squeeze", "unsqueeze", "flatten",
     "contiguous", "detach", "clone", "type_as", "expand_as", "transpose", "permute", "t"}
)  # fmt: skip
"""Methods that hand on a value as it is."""
PIXELS = frozenset({255.0, 256.0, 127.5, 128.0})
"""Numbers that bring pixels to a range."""
DRAWS = frozenset({"random", "rand", "uniform", "random_sample"})
"""Calls that draw a number between 0 and 1, to be compared with a chance."""
UNITS = frozenset(
    {"degree", "degrees", "deg", "percent", "pixel", "pixels", "px", "epoch", "epochs", "step", "steps", "to",
     "from", "of", "by", "the", "a", "is", "set", "value", "default", "randomly", "random", "shift", "images"}
)  # fmt: skip
"""Words of comments that say a number again and give no reason for it."""
TOOL_COMMENT = re.compile(r"#\s*(noqa|type:|fmt:|pylint|pragma|todo)", re.IGNORECASE)
PLAIN = frozenset({0.0, 1.0, 2.0, -1.0, 0.5, 100.0})
"""Values that every code holds: neutral elements, halves, percent."""
PLAIN_AT = {
    "clipping": frozenset({0.0}),
    "temperature": frozenset({0.0, 1.0, -1.0, 100.0}),
}
"""Values that say nothing at one kind of sink, where they are not those of every code."""
EPSILON = 1e-5
"""Numbers up to this size guard against division by zero."""


@lru_cache(maxsize=4096)
def kind_of(call: str) -> str | None:
    """Return the kind of sink that a call by some name is, None where it is none."""
    return next((kind for kind, pattern in CALLS.items() if pattern.fullmatch(call)), None)


@lru_cache(maxsize=4096)
def sink_of(kind: str | None, argument: str) -> str | None:
    """Return the sink that an argument of a call is, None where it is none.

    Args:
        kind: the kind of the call.
        argument: the name it is passed by.
    """
    if kind and re.fullmatch(NAMED[kind], argument.lower()):
        return kind
    if ANYWHERE.fullmatch(argument):
        return next((k for k, names in NAMED.items() if re.fullmatch(names, argument)), "loss")
    return None
