"""Stores and locks by name: defined, implied, unknown, doubled."""

from __future__ import annotations

import pytest

from tests.config.conftest import WEB, Reader

S3 = """
service "web" {
  checkInterval = "10s"
  artifact "%s" {
    bucket      = "b"
    path        = "web.tar.gz"
    destination = "/srv/web"
  }
}
"""
TURNS = WEB.format(service="sequentialUpdates = true %s", artifact="")


@pytest.mark.parametrize("name", ["s3", "http", "file"])
def test_store_all_of_whose_keys_may_be_left_out_needs_no_block(read: Reader, name: str) -> None:
    """The built-in ones."""
    text = S3.replace('"b"', '"b"' if name == "s3" else '"b" # ') % name
    text = text if name == "s3" else text.replace("bucket", "# bucket")
    repo = read(text).web.artifact.repo
    assert (repo.name, repo.type) == (name, name)


def test_store_with_a_name_of_its_own_says_its_type(read: Reader) -> None:
    """``repo "backup" { type = "s3" }``."""
    repo = read('repo "backup" { type = "s3" name = "eu-1" }' + S3 % "backup").web.artifact.repo
    assert (repo.name, repo.type) == ("backup", "s3")
    assert repo.options.region == "eu-1"


def test_store_that_is_not_defined_is_an_error_with_the_nearest_name(read: Reader) -> None:
    """And with what there is."""
    result = read('repo "backup" { type = "s3" }' + S3 % "bakcup")
    assert result.messages == [
        'E213: the repo "bakcup" is not defined; there is: backup, file, http, s3'
    ]
    assert result.suggestions == ["did you mean backup?"]


def test_type_that_is_unknown_is_reported_once_not_at_every_use(read: Reader) -> None:
    """Whoever uses the store is not at fault."""
    result = read('repo "backup" { type = "htpp" }' + S3 % "backup")
    assert result.codes == ["E212"]
    assert result.suggestions == ["did you mean http?"]


def test_store_at_fault_is_reported_once_not_at_every_use(read: Reader) -> None:
    """As above."""
    assert read('repo "s3" { retries = "many" }' + S3 % "s3").codes == ["E205"]


def test_artifact_of_a_store_at_fault_is_still_checked(read: Reader) -> None:
    """All faults in one run."""
    text = 'repo "s3" { retries = "many" }' + (S3 % "s3").replace("bucket ", "buckett ")
    assert read(text).codes == ["E205", "E201"]


def test_store_that_needs_a_block_says_so(read: Reader) -> None:
    """It is not among those that there are, and is no slip of the pen."""
    result = read(S3 % "rackspace")
    assert result.messages == [
        'E213: the repo "rackspace" is not defined; there is: file, http, s3'
    ]
    assert result.suggestions == ['define it in the main file: repo "rackspace" { … }']


def test_store_defined_twice_is_a_warning_and_the_last_one_wins(read: Reader) -> None:
    """As any duplicate."""
    result = read('repo "s3" { name = "a" }\nrepo "s3" { name = "b" }' + S3 % "s3")
    assert result.codes == ["W207"]
    assert result.web.artifact.repo.options.region == "b"


def test_type_that_is_no_string_is_an_error(read: Reader) -> None:
    """Not a crash."""
    assert read('repo "s3" { type = ["s3"] }' + S3 % "s3").codes == ["E204"]


def test_old_rackspace_block_is_the_same_as_the_repo(read: Reader) -> None:
    """With a warning that shows today's form; every value in it is kept out of sight."""
    result = read('rackspace { user = "joe" key = "hunter2" }')
    assert result.codes[0] == "W216"
    assert result.suggestions[0] == 'write repo "rackspace" { … }'
    assert "hunter2" not in result.text


def test_turns_without_a_lock_are_taken_on_this_host_with_one_warning(read: Reader) -> None:
    """However many services there are."""
    two = (TURNS % "").replace('"web"', '"b"').replace("/srv/web", "/srv/b")
    result = read(TURNS % "" + two)
    assert result.codes == ["W219"]
    locks = [service.lock for service in result.config.services]
    assert [(lock.name, lock.type) for lock in locks if lock] == [("local", "file")] * 2


def test_only_lock_is_the_one_that_is_taken(read: Reader) -> None:
    """Without its being named."""
    lock = read('lock "turns" { type = "file" }' + TURNS % "").web.lock
    assert lock is not None
    assert (lock.name, lock.type, lock.per_service) == ("turns", "file", False)


def test_service_that_takes_no_turns_has_no_lock(read: Reader) -> None:
    """Also where there is one."""
    assert read.service(main='lock "file" {}\n').web.lock is None


def test_service_that_names_a_lock_but_takes_no_turns_has_none(read: Reader) -> None:
    """The name is checked all the same."""
    assert read.service('lock = "file"', main='lock "file" {}\n').web.lock is None
    assert read.service('lock = "fiel"', main='lock "file" {}\n').codes == ["E213"]
    assert read.service('lock = ["file"]', main='lock "file" {}\n').codes == ["E204"]


def test_several_locks_need_to_be_named(read: Reader) -> None:
    """Guessing would let two hosts update at once."""
    locks = 'lock "a" { type = "file" }\nlock "b" { type = "file" }\n'
    assert read(locks + TURNS % "").codes == ["E214"]
    lock = read(locks + TURNS % 'lock = "b"').web.lock
    assert lock is not None
    assert lock.name == "b"


def test_lock_that_is_not_defined_is_an_error(read: Reader) -> None:
    """With the nearest name."""
    result = read('lock "turns" { type = "file" }' + TURNS % 'lock = "turn"')
    assert result.messages == ['E213: the lock "turn" is not defined']
    assert result.suggestions == ["did you mean turns?"]


def test_lock_of_an_unknown_type_is_reported_once(read: Reader) -> None:
    """Not at every service."""
    assert read('lock "zookeeper" {}' + TURNS % "").codes == ["E212"]


def test_several_hosts_at_a_time_need_a_turn_for_each_service(read: Reader) -> None:
    """With one turn over all services, hosts of two services would be counted together."""
    assert read('lock "file" {}' + TURNS % "maxParallel = 2").codes == ["E215"]
    result = read('lock "file" { perService = true }' + TURNS % "maxParallel = 2")
    assert result.codes == []
    assert result.web.max_parallel == 2


def test_parallel_without_turns_is_a_warning(read: Reader) -> None:
    """It has no effect."""
    assert read.service("maxParallel = 2").codes == ["W226"]


def test_hook_of_an_unknown_type_names_the_nearest(read: Reader) -> None:
    """And does not show its values, any of which may be a secret."""
    result = read.service('after "scirpt" { command = "login hunter2" }')
    assert result.codes == ["E212"]
    assert result.suggestions == ["did you mean script?"]
    assert "hunter2" not in result.text


def test_odd_address_among_several_is_told(read: Reader) -> None:
    """At its place in the list."""
    lock = 'lock "etcd" {\n  endpoints = ["https://etcd-1:2379", "etcd-2:2379"]\n}\n'
    result = read(lock + TURNS % "")
    assert result.codes == ["W235"]
    assert result.messages == ["W235: endpoints: this is no whole URL"]
