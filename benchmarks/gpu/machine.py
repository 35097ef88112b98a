"""The machine that gpu-check runs on: its packages, the wheels that it lacks, its GPU. Standard library only."""

import configparser
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("wheels.txt")
# Besides those in wheels.txt; a machine with PyTorch has most of them.
OTHERS = (
    *("torch", "numpy", "accelerate", "huggingface_hub", "safetensors", "pyyaml", "psutil", "tqdm", "matplotlib"),
    *("pyarrow", "pandas", "jinja2", "httpx", "regex", "packaging", "einops", "msgpack", "ninja", "py-cpuinfo"),
)
OPTIONAL = {"liger-kernel"}
# The machine's own are built for its CUDA and its driver.
KEPT = re.compile(r"torch|triton|nvidia-.*|cuda-.*")
PROBE = """
import json, torch
found = {"torch": torch.__version__, "cuda": torch.version.cuda, "available": torch.cuda.is_available()}
if found["available"]:
    of = torch.cuda.get_device_properties(0)
    found |= {"card": of.name, "memory_bytes": of.total_memory, "capability": f"{of.major}.{of.minor}"}
print(json.dumps(found))
"""


def stop(code: str, message: str) -> NoReturn:
    """End with one line and exit code 2. luth.core.errors does the same, and needs packages."""
    print(f"error: {message} [{code}]", file=sys.stderr)
    sys.exit(2)


def plain(name: str) -> str:
    """Return a package's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: 5.23.0+cu130 as (5, 23, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3])


def unpack(wheels: Path | None, site: Path) -> dict[str, str]:
    """Unpack the wheels of packages that are missing here, or here in another version.

    Returns:
        name to version of what was unpacked.
    """
    found: dict[str, tuple[str, Path]] = {}
    if wheels is not None and not any(wheels.glob("*.whl")):
        stop("bad-argument", f"no wheel lies in {wheels}: `make gpu-wheels WHEELS={wheels}` collects them")
    for path in sorted(wheels.glob("*.whl")) if wheels else []:
        name, version, *_, python, abi, _ = path.stem.split("-")
        _require_python(path, python, abi)
        if plain(name) in found:
            stop("bad-argument", f"{wheels} holds two wheels of {plain(name)}: delete one")
        found[plain(name)] = version, path
    wanted = {
        name: both for name, both in found.items() if not KEPT.fullmatch(name) and installed(name, []) != both[0]
    }
    for _, path in wanted.values():
        _extract(path, site)
    return {name: version for name, (version, _) in wanted.items()}


def _require_python(path: Path, python: str, abi: str) -> None:
    here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    tags = python.split(".")
    pure = any(tag.startswith("py") and tag in (f"py{sys.version_info[0]}", here.replace("cp", "py")) for tag in tags)
    if not (pure or here in tags or "abi3" in abi):
        stop(
            "bad-argument",
            f"{path.name} is not for the Python that runs here, {sys.version.split()[0]}: collect the wheels with "
            f"`make gpu-wheels GPU_PYTHON_VERSION={sys.version_info[0]}.{sys.version_info[1]}`",
        )


def _extract(path: Path, site: Path) -> None:
    """Unpack a wheel (PyPA, binary distribution format); scripts and headers are not needed."""
    site.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.namelist():
                inner = re.fullmatch(r"[^/]+\.data/(purelib|platlib)/(.+)", member)
                if inner and not member.endswith("/"):
                    target = site / inner[2]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(wheel.read(member))
                elif ".data/" not in member:
                    wheel.extract(member, site)
    except (zipfile.BadZipFile, OSError) as error:
        stop("bad-argument", f"{path} cannot be unpacked: {error}")


def installed(name: str, sites: list[Path]) -> str | None:
    """Return the version of a package in the given folders, or else in this Python; None where it is missing."""
    for places in ([str(site) for site in sites], sys.path):
        for found in importlib.metadata.distributions(name=name, path=places):
            return found.version
    return None


def require_packages(site: Path, wheels: Path | None) -> dict[str, str]:
    """Return the version of every package that the steps need; one line and exit code 2 where any is missing."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    needs = [line for line in parser["options"]["install_requires"].splitlines() if line and not line.startswith("#")]
    least = {plain(re.split(r"[<>=]", line)[0]): re.search(r"[>=]=([\d.]+)", line) for line in needs}
    listed = LIST.read_text("utf-8").splitlines()
    names = [line.split("=")[0] for line in listed if line and not line.startswith("#")]
    versions, missing = {}, []
    for name in map(plain, (*OTHERS, *names)):
        version, bound = installed(name, [site]), least.get(name)
        if version is not None:
            versions[name] = version
        if version is None and name not in OPTIONAL:
            missing.append(name)
        elif version is not None and bound is not None and numbers(version) < numbers(bound[1]):
            missing.append(f"{name} {bound[1]} (here is {version})")
    if missing:
        remedy = f"add the wheels to {wheels}" if wheels else "name a folder of wheels: make gpu-check WHEELS=FOLDER"
        stop(
            "package-missing",
            f"{sys.executable} lacks {', '.join(missing)}: {remedy}; `make gpu-wheels` collects the usual ones "
            f"(docs/gpu.md)",
        )
    return versions


def environment(site: Path, scratch: Path) -> dict[str, str]:
    """Return the environment of the steps: our sources, the unpacked wheels, no network, nothing kept elsewhere."""
    path = [str(site), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(part for part in path if part),
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(scratch / "hf"),
        "NCCL_SOCKET_IFNAME": "lo",
        "GLOO_SOCKET_IFNAME": "lo",
        "TOKENIZERS_PARALLELISM": "false",
    }


def gpu(environment: dict[str, str], on_cpu: bool) -> dict[str, Any]:
    """Return torch's version and the card; one line and exit code 2 where torch sees none, `on_cpu` apart."""
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip() or "it says nothing").splitlines()[-1]
        stop("package-missing", f"PyTorch cannot be imported here: {why}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    found["driver"] = driver()
    if not found["available"] and not on_cpu:
        _stop_without_gpu(found)
    return found


def driver() -> str | None:
    """Return the version of NVIDIA's driver, None where there is none."""
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout.split() else None


def _stop_without_gpu(found: dict[str, Any]) -> NoReturn:
    if found["cuda"] is None:
        stop("no-gpu", f"PyTorch {found['torch']} is built for CPUs: install a build for CUDA (docs/gpu.md)")
    if found["driver"]:
        stop(
            "no-gpu",
            f"NVIDIA's driver {found['driver']} is too old for PyTorch {found['torch']}, which is built for CUDA "
            f"{found['cuda']}, or CUDA_VISIBLE_DEVICES hides the GPU: update the driver, or install a build for an "
            f"older CUDA (docs/gpu.md)",
        )
    stop("no-gpu", "there is no GPU here that PyTorch can see: `make gpu-check TRY=1` runs every step small on a CPU")
