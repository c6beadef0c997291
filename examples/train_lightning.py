"""A training loop of Lightning, recorded by one line; `make test-ml` has what it needs."""

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

import genaiops

genaiops.pytorch.autolog()


class Line(lightning.LightningModule):
    """Learns a straight line."""

    def __init__(self, lr: float = 0.5) -> None:  # noqa: ARG002  kept by save_hyperparameters
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        rows, targets = batch
        loss = torch.nn.functional.mse_loss(self.layer(rows), targets)
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


rows = torch.linspace(0, 1, 64).unsqueeze(1)
trainer = lightning.Trainer(max_epochs=20, logger=False, enable_checkpointing=False)
trainer.fit(Line(), DataLoader(TensorDataset(rows, 3 * rows - 1), batch_size=16))

run = genaiops.last_active_run()
history = genaiops.get_metric_history(run.info.run_id, "train_loss")
print(f"{run.data.params['optimizer_name']}, lr {run.data.params['lr']}: {len(history)} epochs")
print("the loss fell:", history[-1].value < history[0].value / 10)
