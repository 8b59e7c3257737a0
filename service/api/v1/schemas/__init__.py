# SPDX-License-Identifier: Apache-2.0
"""What the REST door says and hears. Dates are ISO, times carry their offset, text is NFC."""
