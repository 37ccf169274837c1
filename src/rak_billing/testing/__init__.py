"""
For those who test their own: Hypothesis strategies for bills, rules and tariffs, and what a journal must hold to.

The extra ``testing`` brings Hypothesis; the tests of a journal are for pytest.
"""
