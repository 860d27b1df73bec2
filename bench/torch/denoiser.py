"""The pixel denoiser of src/networks/, as one writes it in PyTorch: functions over a dict of parameters.

Names and shapes of parameters are the same; `config` is the TypeScript one.
"""
import math
from functools import lru_cache

import torch
import torch.nn.functional as F

SCALE = 4


def conv(p, at, x, stride=1):
    weight = p[f"{at}.weight"]
    return F.conv2d(x, weight, p[f"{at}.bias"], stride, padding=weight.shape[-1] // 2)


def linear(p, at, x):
    return F.linear(x, p[f"{at}.weight"], p[f"{at}.bias"])


def group_norm(p, at, x):
    return F.group_norm(x, 32, p[f"{at}.weight"], p[f"{at}.bias"])


def to_latent(image):
    """Space to depth: channel (i * SCALE + j) * C + c holds row i, column j of each block."""
    n, c, h, w = image.shape
    blocks = image.view(n, c, h // SCALE, SCALE, w // SCALE, SCALE)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(n, c * SCALE * SCALE, h // SCALE, w // SCALE)


def bicubic_latent(lq):
    return to_latent(F.interpolate(lq, scale_factor=SCALE, mode="bicubic", align_corners=False))


def timestep_embedding(t, channels):
    half = channels // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half) / half)
    angles = t[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1)


def res_block(p, at, x, emb):
    h = conv(p, f"{at}.in_layers.2", F.silu(group_norm(p, f"{at}.in_layers.0", x)))
    modulation = linear(p, f"{at}.emb_layers.1", F.silu(emb))[:, :, None, None]
    scale, shift = modulation.chunk(2, 1)
    n = group_norm(p, f"{at}.out_layers.0", h) * (1 + scale) + shift
    skip = conv(p, f"{at}.skip_connection", x) if f"{at}.skip_connection.weight" in p else x
    return skip + conv(p, f"{at}.out_layers.3", F.silu(n))


def cut_windows(x, w):
    """[N, H, W, C] to [N * windows, w * w, C]."""
    n, h, width, c = x.shape
    return x.view(n, h // w, w, width // w, w, c).transpose(2, 3).reshape(-1, w * w, c)


def join_windows(x, w, h, width):
    c = x.shape[-1]
    return x.view(-1, h // w, width // w, w, w, c).transpose(2, 3).reshape(-1, h, width, c)


@lru_cache(maxsize=None)
def relative_position(w):
    """Which row of the bias table each pair of pixels in a window takes."""
    y, x = torch.meshgrid(torch.arange(w), torch.arange(w), indexing="ij")
    y, x = y.flatten(), x.flatten()
    dy, dx = y[:, None] - y[None] + w - 1, x[:, None] - x[None] + w - 1
    return (dy * (2 * w - 1) + dx).flatten()


@lru_cache(maxsize=None)
def shift_mask(h, width, w, shift):
    """[windows, 1, w * w, w * w]: -100 between pixels that only the roll brought together."""
    region = torch.zeros(1, h, width, 1)
    bands = (slice(0, -w), slice(-w, -shift), slice(-shift, None))
    for i, rows in enumerate(bands):
        for j, columns in enumerate(bands):
            region[:, rows, columns] = 3 * i + j
    cut = cut_windows(region, w).squeeze(-1)
    return ((cut[:, None, :] != cut[:, :, None]) * -60.0)[:, None]


def window_attention(p, at, x, swin, w, shift):
    n, c, h, width = x.shape
    pixels = x.permute(0, 2, 3, 1)
    if shift > 0:
        pixels = torch.roll(pixels, (-shift, -shift), (1, 2))
    windows = cut_windows(pixels, w)
    heads, d = c // swin["headChannels"], swin["headChannels"]
    qkv = linear(p, f"{at}.qkv", windows).view(-1, w * w, 3, heads, d).permute(2, 0, 3, 1, 4)
    q, k, v = qkv.unbind(0)
    table = p[f"{at}.relative_position_bias_table"]
    bias = table[relative_position(w)].view(w * w, w * w, heads).permute(2, 0, 1)
    logits = (q * d**-0.5) @ k.transpose(-2, -1) + bias
    if shift > 0:
        mask = shift_mask(h, width, w, shift)
        logits = (logits.view(n, -1, heads, w * w, w * w) + mask).view(logits.shape)
    attended = (logits.softmax(-1) @ v).transpose(1, 2).reshape(-1, w * w, c)
    whole = join_windows(linear(p, f"{at}.proj", attended), w, h, width)
    if shift > 0:
        whole = torch.roll(whole, (shift, shift), (1, 2))
    return whole.permute(0, 3, 1, 2)


def swin_layer(p, at, x, config, level):
    swin, side = config["swin"], side_at(config, level)
    w = min(swin["window"], side)
    h = conv(p, f"{at}.patch_embed.proj", x)
    for i in range(swin["depth"]):
        block = f"{at}.blocks.{i}"
        shift = w // 2 if side > swin["window"] and i % 2 == 1 else 0
        h = h + window_attention(p, f"{block}.attn", group_norm(p, f"{block}.norm1", h), swin, w, shift)
        hidden = F.gelu(conv(p, f"{block}.mlp.fc1", group_norm(p, f"{block}.norm2", h)))
        h = h + conv(p, f"{block}.mlp.fc2", hidden)
    return conv(p, f"{at}.patch_unembed.proj", h)


def side_at(config, level):
    return config["imageSize"] // 2**level


def attends(config, level):
    return side_at(config, level) in config["attentionResolutions"]


def swin_unet(p, config, x, t, lq):
    blocks, levels = config["resBlocks"], len(config["channelMult"])
    emb = linear(p, "time_embed.0", timestep_embedding(t, config["modelChannels"]))
    emb = linear(p, "time_embed.2", F.silu(emb))

    h = conv(p, "input_blocks.0.0", torch.cat([x, lq], 1))
    skips, block = [h], 1
    for level in range(levels):
        for i in range(blocks[level]):
            h = res_block(p, f"input_blocks.{block}.0", h, emb)
            if i == 0 and attends(config, level):
                h = swin_layer(p, f"input_blocks.{block}.1", h, config, level)
            skips.append(h)
            block += 1
        if level < levels - 1:
            h = conv(p, f"input_blocks.{block}.0.op", h, stride=2)
            skips.append(h)
            block += 1

    h = res_block(p, "middle_block.0", h, emb)
    h = swin_layer(p, "middle_block.1", h, config, levels - 1)
    h = res_block(p, "middle_block.2", h, emb)

    block = 0
    for level in reversed(range(levels)):
        for i in range(blocks[level] + 1):
            part = 1
            h = res_block(p, f"output_blocks.{block}.0", torch.cat([h, skips.pop()], 1), emb)
            if i == 0 and attends(config, level):
                h = swin_layer(p, f"output_blocks.{block}.1", h, config, level)
                part = 2
            if i == blocks[level] and level > 0:
                h = conv(p, f"output_blocks.{block}.{part}.conv", F.interpolate(h, scale_factor=2))
            block += 1
    return conv(p, "out.2", F.silu(group_norm(p, "out.0", h)))


def teacher_loss(p, config, batch):
    """ResShift's objective with a smooth absolute error."""
    x0, lq = to_latent(batch["hr"]), batch["lq"]
    y = bicubic_latent(lq)
    x = (x0 + batch["eta"] * (y - x0) + batch["sigma"] * batch["noise"]) * batch["scale"]
    difference = y + swin_unet(p, config, x, batch["t"], lq) - x0
    return (difference.square() + 1e-4).sqrt().mean() - 0.01
