"""Pindai: scans government service endpoints and keeps evidence that can be judged again."""

import os

__version__ = "0.1.0"

# pydantic would import whatever installed distribution calls itself a plug-in of it: nobody allowed that here, and its look
# for them reads the metadata of all there are.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
