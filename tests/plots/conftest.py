"""Figures are caught before they reach a page."""

import pytest


@pytest.fixture
def figures_of(monkeypatch):
    """Collect the figures that a module of plots would show, by their alternative text."""

    def catch(module):
        figures = {}

        def show(fig, alt):
            fig.canvas.draw()
            figures[alt] = fig

        monkeypatch.setattr(module, "show", show)
        return figures

    return catch
