"""The two kinds of company: a dealer with a long test-drive funnel, and a seller of software with a short one."""

from __future__ import annotations

from hpro_connectors.demo.simulator.company import (
    CategoryField,
    CompanyKind,
    FieldOption,
    NumberField,
    StageStep,
)

TEST_DRIVE = CompanyKind(
    name="test_drive",
    title="car dealer",
    phrases=(("en", 0.86), ("de", 0.06), ("fr", 0.04), ("es", 0.04)),
    stages=(
        StageStep("new", 0.16, (0.8, 0.9, 1.0, 1.1), (1.0, 1.0), contact=0.16),
        StageStep("contacted", 0.07),
        StageStep("appointment", 0.11, meeting=True),
        StageStep("test_drive", 0.09, meeting=True),
        StageStep("offer", 0.08),
        StageStep("negotiation", 0.08, (0.005, 0.04, 1.0, 2.6), (0.12, 1.6)),
    ),
    key_stage="test_drive",
    fields=(
        CategoryField(
            "source",
            "source",
            (
                FieldOption("web form", 0.34, -0.1),
                FieldOption("phone", 0.16, 0.1),
                FieldOption("showroom", 0.14, 0.4),
                FieldOption("referral", 0.08, 0.5),
                FieldOption("portal", 0.18, -0.4),
                FieldOption("fair", 0.06, -0.3),
                FieldOption("campaign", 0.04, -0.3),
            ),
            spread=0.35,
            missing=0.04,
        ),
        CategoryField(
            "region",
            "region",
            tuple(FieldOption(name, 0.2) for name in ("north", "south", "east", "west", "centre")),
            spread=0.25,
            missing=0.08,
        ),
        CategoryField(
            "model_line",
            "model line",
            (
                FieldOption("compact", 0.26),
                FieldOption("family", 0.2, 0.1),
                FieldOption("suv", 0.24),
                FieldOption("electric", 0.16, -0.2),
                FieldOption("van", 0.08, 0.2),
                FieldOption("sport", 0.06, -0.3),
            ),
            spread=0.25,
            missing=0.06,
        ),
        NumberField("budget", "budget", 24_000, 0.45, 0.2, 500, missing=0.22),
        CategoryField(
            "trade_in",
            "trade-in",
            (FieldOption("yes", 0.36, 0.25), FieldOption("no", 0.64, -0.1)),
            missing=0.15,
        ),
        CategoryField(
            "payment",
            "payment",
            (FieldOption("cash", 0.2, 0.15), FieldOption("loan", 0.45, -0.1), FieldOption("leasing", 0.35, 0.1)),
            missing=0.3,
        ),
    ),
)
"""A group of car dealers: six open stages, months from the first enquiry to the signature."""

SAAS = CompanyKind(
    name="saas",
    title="seller of business software",
    phrases=(("en", 0.88), ("de", 0.12)),
    stages=(
        StageStep("new", 0.2, (0.8, 0.9, 1.0, 1.1), (1.0, 1.0), contact=0.2),
        StageStep("qualified", 0.09),
        StageStep("demo", 0.10, meeting=True),
        StageStep("trial", 0.07, (0.005, 0.04, 1.0, 2.6), (0.12, 1.6)),
    ),
    key_stage="demo",
    fields=(
        CategoryField(
            "source",
            "source",
            (
                FieldOption("sign-up", 0.3, 0.1),
                FieldOption("content", 0.26, -0.3),
                FieldOption("outbound", 0.2, -0.4),
                FieldOption("partner", 0.1, 0.4),
                FieldOption("event", 0.08, -0.1),
                FieldOption("referral", 0.06, 0.6),
            ),
            spread=0.35,
            missing=0.03,
        ),
        CategoryField(
            "industry",
            "industry",
            tuple(FieldOption(name, 0.2) for name in ("retail", "health", "finance", "industry", "services")),
            spread=0.3,
            missing=0.1,
        ),
        NumberField("seats", "seats", 40, 0.9, 0.2, 1, missing=0.12),
        CategoryField(
            "role",
            "role",
            (
                FieldOption("founder", 0.15, 0.3),
                FieldOption("head of department", 0.3, 0.3),
                FieldOption("specialist", 0.4, -0.3),
                FieldOption("student", 0.05, -1.0),
                FieldOption("consultant", 0.1, -0.4),
            ),
            spread=0.15,
            missing=0.1,
        ),
        CategoryField(
            "plan",
            "plan",
            (FieldOption("team", 0.5), FieldOption("business", 0.35, 0.2), FieldOption("enterprise", 0.15, -0.2)),
            spread=0.2,
            missing=0.1,
        ),
    ),
    accounts=True,
    rise=(0.0015, 0.013, 0.026, 0.0),
    fall=(0.0, 0.014, 0.011, 0.009),
    drop=(0.0, 0.003, 0.021, 0.020),
    loss=(0.02, 0.010, 0.003, 0.001),
    lead_contact=(0.008, 0.02, 0.05, 0.09),
)
"""A seller of business software: four open stages, weeks rather than months, leads that belong to companies."""

COMPANIES = {kind.name: kind for kind in (TEST_DRIVE, SAAS)}
"""By name."""
