"""One of two processes: what 600 micro-batches add up to under DeepSpeed in bf16. Run by accelerate launch."""

import tempfile

import torch
from accelerate import Accelerator
from transformers import TrainingArguments

from luth.training.precision import sum_in_float32

STEPS = 600
# As every run: it starts the processes' group on CPUs too.
TrainingArguments(output_dir=tempfile.mkdtemp(), use_cpu=True)
accelerator = Accelerator(gradient_accumulation_steps=STEPS)
config = accelerator.state.deepspeed_plugin.deepspeed_config
batch = {"train_batch_size": STEPS * accelerator.num_processes, "train_micro_batch_size_per_gpu": 1}
config.update(batch, zero_allow_untested_optimizer=True)
sum_in_float32(accelerator)
model = torch.nn.Linear(8, 1, bias=False)
torch.nn.init.zeros_(model.weight)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=1.0))
data_type, sum_type = model.get_data_types()
assert (data_type, sum_type, model.communication_data_type) == (torch.bfloat16, torch.float32, torch.float32)
for _ in range(STEPS):
    with accelerator.accumulate(model):
        # Every micro-batch adds a 600th of this gradient: a sum in bf16 would stop growing.
        accelerator.backward(model(torch.full((1, 8), 0.125, dtype=torch.bfloat16)).sum())
        optimizer.step()
updated = model(torch.full((1, 8), 1.0, dtype=torch.bfloat16))
assert abs(float(updated) + 1) < 0.01, updated
print("equal")
