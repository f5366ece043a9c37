"""What an org holds, as its user sees it: objects, fields, stages, people; kept between runs."""
