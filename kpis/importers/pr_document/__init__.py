"""A ministry's PR document (予算案の事業概要) as programmes and proposed targets."""
