"""The ledger: every use of power as a leaf of a Merkle tree that anyone can verify and nobody can rewrite.

Invariants: a leaf says event and time in the open and everything else as a salted commitment; destroying the salt
makes the commitment say nothing; hashes are those of RFC 6962 section 2.1 (SHA-256), so that existing tools verify.
"""
