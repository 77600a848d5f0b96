-- Where the members of a clustering lie on the map of a survey: in a layout in which neighbours stay neighbours.

ALTER TABLE reber.cluster_member ADD COLUMN x real, ADD COLUMN y real;

COMMENT ON COLUMN reber.cluster_member.x IS
    'Place on the map, -1 to 1, in a layout in which neighbours stay neighbours; null where the clustering has none. '
    'How far they do is trustworthiness in the metrics of the clustering''s run.';
COMMENT ON COLUMN reber.cluster_member.y IS 'As x, upwards.';
