"""What providers speak, as pure functions from and to the shapes of OpenAI's chat completions."""
