"""Sign and verify tokens, without HTTP.

claims        the rules for claims
t1, jwt       the two formats: encode and parse claims
backend       the interface of keys that sign, and its implementation for a secret
rs256/        RSA keys, and the implementation for a private key
signer        a key, and everything that it signs and verifies
session       the tokens of one session
batch         many tokens in one buffer
rows          one token for each row
columns       columns of claims
derive        derived nonces
parallel      threads that work on slices of a batch
token         the claims of a token
verification/ verify tokens
strict_json   a strict JSON parser for untrusted input
"""
