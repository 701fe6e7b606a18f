"""Who runs what when. One machine: one process, the rows themselves say what is due."""
