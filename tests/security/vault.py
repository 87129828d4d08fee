"""Secrets of a test, and whether they are in what was said."""

import base64
import secrets


class Vault:
    """Secrets, each by the place where it is written."""

    def __init__(self):
        self._secrets = {}

    def new(self, place):
        """A text that stands nowhere else, of 64 hexadecimal digits."""
        return self.add(place, secrets.token_hex(32))

    def add(self, place, text):
        self._secrets[place] = text
        return text

    def key(self, place, path):
        """The content of a file of PEM, of which each line is a secret."""
        whole = path.read_text()
        for number, line in enumerate(whole.splitlines()):
            if not line.startswith("-----"):
                self.add(f"{place}, line {number}", line)
        return whole

    def found(self, said):
        """Those that are in what was said, as they are or in base64."""
        return [place for place, text in self._secrets.items() if any(form in said for form in forms(text))]


def forms(text):
    """How a secret may look: itself, and in base64 behind a user's name of any length."""
    shifted = [base64.b64encode(b"x" * before + text.encode()).decode() for before in range(3)]
    return [text, *(one[4:40] for one in shifted)]
