"""The operator's own forms in the roof: the map is read, the PDF examined in the sandbox, every version kept.

`importing` is the story; `storage` says what lies where under the data folder; `examining` is what runs in the sandbox.
"""
