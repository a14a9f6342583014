/* SPDX-License-Identifier: MIT */
/*
 * The power button, and power-off (ACPI 6.4, 4.8.3): fixed hardware, so no AML is needed but
 * for the number that \_S5 holds.  Who presses the button wants the machine to leave in
 * order: every disk is flushed, whatever else goes on, then the machine switches itself off.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <asm/cpu.h>
#include <asm/ioapic.h>
#include <guest/acpi.h>
#include <guest/blk.h>
#include <guest/machine.h>
#include <guest/sysrq.h>

#define PM1_POWER_BUTTON (1U << 8) /* in status and in enable */
#define PM1_SCI_ENABLED	 (1U << 0) /* in control: ACPI mode is on */
#define PM1_TYPE_SHIFT	 10
#define PM1_SLEEP	 (1U << 13)
#define MODE_PATIENCE	 100000
#define OFF_PATIENCE_MS	 1000

static DECLARE_COMPLETION(pressed);
static bool stays; /* the boot parameter */

static int set_stay(char *value)
{
	if (value)
		return -EINVAL;
	stays = true;
	return 0;
}
early_param("stay", set_stay);

static const struct acpi_power *power(void)
{
	return &machine_acpi()->power;
}

void machine_power_off(void)
{
	u16 port = power()->control_port;
	int type = port ? machine_s5_type() : -ENOENT;

	if (type >= 0) {
		outw((u16)((unsigned int)type << PM1_TYPE_SHIFT | PM1_SLEEP), port);
		msleep(OFF_PATIENCE_MS); /* some need a moment for it */
	}
	machine_exit(0);
}

void machine_stay(void)
{
	static DECLARE_COMPLETION(never);

	if (!stays)
		return;
	sysrq_enable();
	pr_info("staying until the power button is pressed\n");
	wait_for_completion(&never);
}

/* True when all that was written is on the disks. */
static bool flush_disks(void)
{
	struct blk *blk;
	bool good = true;

	for (unsigned int i = 0; (blk = blk_get(i)); i++) {
		int err = blk_read_only(blk) ? 0 : blk_flush(blk);

		/* A disk that cannot be flushed has nothing to flush. */
		if (!err || err == -EOPNOTSUPP)
			continue;
		pr_err("disk %u: flush failed: %d\n", i, err);
		good = false;
	}
	return good;
}

static int wait_for_button(void *unused)
{
	(void)unused;
	wait_for_completion(&pressed);
	pr_info("power button: flushing disks, then off\n");
	if (!flush_disks())
		machine_exit(EXIT_COMPLAINTS);
	machine_power_off();
}

void machine_press_power_button(void)
{
	complete(&pressed);
}

static irqreturn_t on_sci(int irq, void *dev)
{
	u16 status = inw(power()->event_port);

	(void)irq;
	(void)dev;
	if (!(status & PM1_POWER_BUTTON))
		return IRQ_NONE;
	outw(PM1_POWER_BUTTON, power()->event_port); /* ends it */
	machine_press_power_button();
	return IRQ_HANDLED;
}

/* False: firmware keeps the button to itself. */
static bool in_acpi_mode(const struct acpi_power *p)
{
	if (!(inw(p->control_port) & PM1_SCI_ENABLED) && p->command_port)
		outb(p->enable, p->command_port);
	for (int i = 0; i < MODE_PATIENCE; i++) {
		if (inw(p->control_port) & PM1_SCI_ENABLED)
			return true;
		cpu_relax();
	}
	return false;
}

static int enable_button(const struct acpi_power *p)
{
	const struct ioapic_line line = { .gsi = p->irq,
					  .edge = p->edge,
					  .active_low = p->active_low };

	outw(PM1_POWER_BUTTON, (u16)(p->event_port + p->event_bytes / 2));
	return ioapic_request(&line, on_sci, "acpi");
}

static int power_init(void)
{
	const struct acpi_power *p = power();
	struct task_struct *task;

	if (!p->event_port || !p->control_port || !in_acpi_mode(p))
		return 0;
	task = kthread_run(wait_for_button, NULL, "power");
	return IS_ERR(task) ? (int)PTR_ERR(task) : enable_button(p);
}
device_initcall(power_init);
