"""A row that cannot be used."""


class BadRow(ValueError):
    """A row that makes no conversation; rows with the same fault have the same message.

    Parameters:
        reason (`str`): the fault.
        row (`str`): what was read, as far as it can be shown.
        said (`str`): the fault with its place in the row; the reason where there is no more to say.
    """

    def __init__(self, reason: str, row: str = "", said: str = "") -> None:
        """Keep what was read, and the fault's place."""
        super().__init__(reason)
        self.row, self.said = row, said or reason
