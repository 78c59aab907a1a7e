"""Make tokens and read them. Knows no HTTP.

claims      what a token may say, checked before anything is signed
t1, jwt     its forms: build what is signed, read what was signed
rsa         RSA keys, read and checked once
rs256       JWTs signed by RSA: the counterpart of the compiled core
parallel    threads that work on slices of a batch
batch       many tokens in one piece of memory
derive      nonces that can be made again
rows        one token a row
session     the tokens of one session
signer      a prepared key, and everything it signs
keyref      where a key is to be found
results     the results of many tokens
verify      verify one token or many
strict_json a strict JSON parser for untrusted input
"""
