# SPDX-License-Identifier: Apache-2.0
"""Other ways in: hot folders, mail, FTP. Each only brings whole files to one `Feeder`.

The write order is the same for all: the file lies durably in a room of ours; `Intake` takes it
(checks, original, one transaction); only then is it let go. A crash between any two steps leaves
the file where it is handed over again, and `Intake` knows it by its content.
"""
