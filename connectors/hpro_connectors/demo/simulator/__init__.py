"""A simulated company: hidden intents, what they make happen, and how well anyone could predict it.

The order of things: a :class:`~hpro_connectors.demo.simulator.company.CompanyKind` says how such companies work;
:func:`~hpro_connectors.demo.simulator.org_effects.draw_org` draws one company of that kind;
:func:`~hpro_connectors.demo.simulator.life.live` lives one lead day by day; the wording puts words to it;
:class:`~hpro_connectors.demo.simulator.simulation.Simulation` gives the dated events of the whole company; and
:func:`~hpro_connectors.demo.simulator.posterior.win_probability` is the exact posterior given what happened.
"""

SIMULATOR_VERSION = 1
"""Raised with every change that alters what a seed gives; figures and the bundled model name theirs."""
