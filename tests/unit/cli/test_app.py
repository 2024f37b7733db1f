import typer

from maskline_cli.app import app

COMMANDS = {
    "conversations": "create join show list update end reopen pause resume send messages events",
    "events": "watch",
    "pools": "create show list set capacity compare",
    "numbers": "add show list set activate drain remove",
    "people": "lookup show opt-out opt-in import-opt-outs blocks unblock erase erasure",
    "dead-letters": "list replay discard",
    "messages": "show",
    "keys": "list rotate",
    "restore": "accept",
    "": "doctor",
}
ALIASES = {
    "": "timeline watch send end",
}


def groups() -> dict[str, typer.Typer]:
    """Every group of commands by its name; the commands of command word by the empty name."""
    by_name = {str(command.name): command.typer_instance for command in app.registered_groups}
    return {**{name: command for name, command in by_name.items() if command is not None}, "": app}


def names(*, hidden: bool) -> dict[str, str]:
    """The names of commands that the help shows, or does not show, by their group."""
    of_hidden_groups = {str(group.name) for group in app.registered_groups if group.hidden is True}
    found = {
        group: " ".join(
            str(command.name)
            for command in commands.registered_commands
            if (command.hidden or group in of_hidden_groups) is hidden
        )
        for group, commands in groups().items()
    }
    return {group: commands for group, commands in found.items() if commands}


def test_the_commands_are_those_that_were_promised() -> None:
    assert names(hidden=False) == COMMANDS
    assert names(hidden=True) == ALIASES


def test_every_command_says_what_it_does() -> None:
    for commands in groups().values():
        for command in commands.registered_commands:
            assert command.callback is not None
            assert str(command.callback.__doc__).rstrip().endswith("."), command.name
