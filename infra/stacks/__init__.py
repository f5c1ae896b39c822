"""What the programs run on at AWS. `platform` is made first and holds what keeps data; `jobs` is what a release changes."""
