import typer

from maskline_cli.app import app

COMMANDS = {
    "pools": "list show create set advice sync",
    "numbers": "list add drain remove",
    "conversations": "list show start open join pause resume reopen messages",
    "opt-outs": "get add remove",
    "people": "lookup erase erasure",
    "dead": "list replay drop",
    "keys": "status rotate",
    "restore": "accept",
    "": "timeline watch send end doctor",
}


def groups() -> dict[str, typer.Typer]:
    """Every group of commands by its name; the commands of command word by the empty name."""
    by_name = {str(command.name): command.typer_instance for command in app.registered_groups}
    return {**{name: command for name, command in by_name.items() if command is not None}, "": app}


def test_the_commands_are_those_that_were_promised() -> None:
    names = {
        group: " ".join(str(command.name) for command in commands.registered_commands)
        for group, commands in groups().items()
    }
    assert names == COMMANDS


def test_every_command_says_what_it_does() -> None:
    for commands in groups().values():
        for command in commands.registered_commands:
            assert command.callback is not None
            assert str(command.callback.__doc__).rstrip().endswith("."), command.name
