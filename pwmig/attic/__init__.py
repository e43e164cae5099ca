"""The attic: what migrations take away is kept in tables of pwmig's own, and going backward puts it back.

``pwmig_attic`` has a row for each thing that is kept, ``pwmig_attic_<id>`` its data. Within a run, which knows the
migration's name, :class:`~pwmig.attic.ears.Ears` hear of each operation ahead; the migrator used alone keeps nothing.
"""
