"""The long failure suite: real trainings to which harm is done. See scripts/chaos."""
