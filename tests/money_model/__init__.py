"""A model of the money: any story of readers, gateway, people, time and crashes keeps its promises."""

import pytest

pytest.register_assert_rewrite("tests.money_model.promises")
