"""Publishing on the Hugging Face Hub: licences, card, shards; one commit and one tag."""

from labeler.hub.publication import Publication, refuse_unpublishable
from labeler.hub.publish import publish, write_dry
from labeler.hub.push import Pushed

__all__ = ["Publication", "Pushed", "publish", "refuse_unpublishable", "write_dry"]
