"""`make demo`: the main job from a document to the report, with invented people, in virtual time and a folder of its own."""
