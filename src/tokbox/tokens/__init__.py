"""Make tokens and read them. Knows no HTTP.

claims      what a token may say, checked before anything is signed
t1, jwt     its forms: build what is signed, read what was signed
rsa         RSA keys, read and checked once
rs256       JWTs signed by RSA: the counterpart of the compiled core
crew        slices of work, taken in turn by threads
batch       many tokens in one piece of memory
derive      nonces that can be made again
rows        one token a row
session     the tokens of one session
signer      a prepared key, and everything it signs
keyref      where a key is to be found
verify      whether a token holds
strict_json JSON from strangers
"""
