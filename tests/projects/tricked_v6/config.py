"""YAML configs with attribute access."""
import argparse

import yaml


class Config(dict):
    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key)

    @classmethod
    def wrap(cls, node):
        if isinstance(node, dict):
            return cls({k: cls.wrap(v) for k, v in node.items()})
        return node

    @classmethod
    def load(cls, path):
        with open(path) as f:
            return cls.wrap(yaml.safe_load(f))

    def plain(self):
        return {k: v.plain() if isinstance(v, Config) else v for k, v in self.items()}


def from_command_line():
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('--seed', type=int)
    parser.add_argument('--workdir', default='runs')
    args = parser.parse_args()
    cfg = Config.load(args.config)
    cfg['workdir'] = args.workdir
    if args.seed is not None:
        cfg['seed'] = args.seed
    return cfg
