"""The dataset's folder on the Hub."""

from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from luth.core.errors import UserError
from luth.data.recipe import Push


def push(target: Push, folder: Path) -> None:
    """Upload a dataset's folder.

    Raises:
        UserError: the Hub refuses it.
    """
    api = HfApi()
    # Shards of an earlier push with another number of shards would be read with these.
    patterns = {"ignore_patterns": ".*", "delete_patterns": ["data/train-*.parquet", "data/test-*.parquet"]}
    try:
        api.create_repo(target.repo_id, repo_type="dataset", private=target.private, exist_ok=True)
        api.upload_folder(repo_id=target.repo_id, repo_type="dataset", folder_path=folder, **patterns)
    except HfHubHTTPError as error:
        advice = "is HF_TOKEN set, and may it write there? --only push tries again"
        raise UserError("hub-refused", f"push: {target.repo_id}: {error}: {advice}") from None
