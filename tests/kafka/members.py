"""What the broker says of consumer groups."""

from kafka.errors import CoordinatorNotAvailableError


def assigned(admin, group):
    """The partitions of each member, by its own name or the one it was given; none while the group is balanced."""
    try:
        described = admin.describe_groups([group])[group]
    except CoordinatorNotAvailableError:  # the first group of all makes the broker create its topic for them
        return {}
    if described["group_state"] != "Stable":
        return {}
    return {member["group_instance_id"] or member["member_id"]: partitions(member) for member in described["members"]}


def partitions(member):
    topics = member["member_assignment"]["assigned_partitions"]
    return sorted(partition for topic in topics for partition in topic["partitions"])
