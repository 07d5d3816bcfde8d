from tests.fakes.scripted import Scripted
from tests.outbox.world import MORNING, World


def test_x(world: World) -> None:
    world.scene("Clara", "Bikash", letters="AB")
    print(world.open(MORNING))
    p = Scripted()
    print(world.send(p))
    print(world.ledger(), world.messages(), p.taken)
    assert 0
