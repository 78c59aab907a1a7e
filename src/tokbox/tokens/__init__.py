"""Make tokens and read them. Knows no HTTP.

claims      what a token may say, checked before anything is signed
t1          the T1 form: build what is signed, read what was signed
batch       many tokens in one piece of memory
signer      a prepared key, and everything it signs
verify      whether a token holds
"""
