//! The features of the synthetic customers.

/// The numeric features, with the share of customers that have none.
pub(crate) const NUMERIC: [(&str, f64); 9] = [
    ("activity_score", 0.0),
    ("propensity_score", 0.01),
    ("profile_score_new", 0.02),
    ("completeness_score", 0.0),
    ("xp_points", 0.0),
    ("profile_score", 0.06),
    ("portfolio_score", 0.03),
    ("mouse_movement", 0.04),
    ("average_stars", 0.10),
];

/// The categorical features: number of levels, how much the first levels outweigh the last, the
/// pull of the customer's engagement towards higher levels, and the share of customers that have
/// none.
pub(crate) const CATEGORICAL: [(&str, u8, f64, f64, f64); 18] = [
    ("ad_target_group", 4, 0.5, 0.2, 0.0),
    ("marketing_message", 5, 0.3, 0.0, 0.02),
    ("device_type", 4, 0.9, -0.3, 0.0),
    ("all_star_group", 3, 0.8, 0.6, 0.0),
    ("mouse_x", 6, 0.1, 0.0, 0.03),
    ("coupon_code", 8, 1.1, 0.0, 0.12),
    ("ad_engagement_group", 5, 0.4, 0.5, 0.0),
    ("user_group", 4, 0.6, 0.1, 0.0),
    ("browser_type", 5, 1.0, 0.0, 0.01),
    ("email_code", 7, 0.5, 0.0, 0.05),
    ("marketing_creative", 6, 0.4, 0.0, 0.02),
    ("secondary_user_group", 5, 0.7, 0.1, 0.04),
    ("promotion_category", 4, 0.5, -0.1, 0.0),
    ("marketing_campaign", 9, 0.6, 0.0, 0.02),
    ("mouse_y", 6, 0.1, 0.0, 0.03),
    ("marketing_channel", 5, 0.8, 0.1, 0.0),
    ("marketing_creative_sub", 8, 0.5, 0.0, 0.03),
    ("site_level", 4, 0.7, 0.4, 0.0),
];

/// A customer's features; `None` is missing.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    /// In the order of [`NUMERIC`].
    pub(crate) numeric: [Option<f64>; 9],
    /// Numbers of the levels from 1, in the order of [`CATEGORICAL`].
    pub(crate) levels: [Option<u8>; 18],
}
