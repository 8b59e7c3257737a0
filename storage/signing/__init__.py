# SPDX-License-Identifier: Apache-2.0
"""Chữ ký số on PDF (PAdES): signing, verifying, development certificates. Only here is pyHanko.

Nothing is imported here: the child that verifies foreign files loads `verify` and no more.
- `sign.PyHankoSigner`: the `Signer` port; `keys`, `authority`, `pkcs11_token`: whose key signs
- `sandboxed.SandboxedVerifier`: the `Verifier` port for files from outside
- `verify.PyHankoVerifier`: the same in this process, for files of our own; `embedded` finds the
  signatures, `times` the stamps, `chain` believes certificates, `changes` sees what came after,
  `judging` makes the report, `levels` says B-B to B-LTA
- `profiles.load_profiles`: hồ sơ ký
"""
