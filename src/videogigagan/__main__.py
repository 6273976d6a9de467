"""The program as `python -m videogigagan`, and under `torchrun -m videogigagan`."""

from videogigagan.cli.main import main

if __name__ == "__main__":
    main()
